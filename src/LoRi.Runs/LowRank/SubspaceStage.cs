using System.Globalization;
using LoRi.Files.Settings;
using LoRi.Math;
using LoRi.Runs.Settings;
using LoRi.Runs.Training;
using LoRi.Training.Methods.LoRi;
using LoRi.Training.Ranks;
using LoRi.Training.Teachers;
using LoRi.Training.Trajectories;

namespace LoRi.Runs.LowRank;

/// <summary><c>lori subspace fit</c>: the subspace of files of trajectories, by one process or several.</summary>
public static class SubspaceStage
{
    /// <summary>Fits the subspace; on the first rank alone, null on the others.</summary>
    /// <param name="settings">Those of <see cref="Commands.SubspaceFit"/>.</param>
    /// <param name="corpus">The trajectories.</param>
    /// <param name="gradients">Gradients of the same states, where the kind asks for them; null else.</param>
    /// <param name="ranks">The processes that share the sums, all of which call this; null for this one alone.</param>
    /// <exception cref="Files.InputException">The corpus is empty, not finite or too small, or ranks differ.</exception>
    public static MeasuredSubspace? Fit(
        SettingValues settings, TrajectoryFiles corpus, TrajectoryFiles? gradients, ICommunicator? ranks = null)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(corpus);
        ranks ??= SingleProcess.Instance;
        if (ranks.Size > 1)
        {
            var files = corpus.Paths.Union(gradients?.Paths ?? []);
            Agreement.Check(ranks, [.. StepSharing.Facts(Commands.SubspaceFit.ToJson(settings)), .. Facts(files)]);
        }

        var chosen = new LoRiOptions(FitSettings.AsAlignment(settings)).Settings(settings.Get(FitSettings.Seed));
        return new SharedFit(corpus, chosen, ranks).Run(settings.Get(FitSettings.LowMemory), gradients);
    }

    /// <summary>What files have in common where all ranks see the same.</summary>
    private static IEnumerable<(string Name, string Value)> Facts(IEnumerable<string> files) =>
        files.Select(path => ($"the size of {path}", new FileInfo(path).Length.ToString("N0", CultureInfo.InvariantCulture)));
}
