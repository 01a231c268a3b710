using System.Diagnostics;
using System.Globalization;
using LoRi.Files.Settings;
using LoRi.Models.Decoders;
using LoRi.Models.Sequences;
using LoRi.Models.Tensors;
using LoRi.Runs.RunFolders;
using LoRi.Runs.Settings;
using LoRi.Training.Methods.LoRi;
using LoRi.Training.Ranks;
using LoRi.Training.Trajectories;

namespace LoRi.Runs.Training;

/// <summary>What was written.</summary>
/// <param name="Files">The trajectory file, or its shards and their index.</param>
/// <param name="Examples">Examples written.</param>
/// <param name="Tokens">Rationale tokens.</param>
/// <param name="WithoutRationale">Examples that have an anchor only.</param>
/// <param name="TooLong">Examples left out.</param>
/// <param name="Seconds">Wall time.</param>
public sealed record TrajectoriesResult(IReadOnlyList<string> Files, int Examples, long Tokens, int WithoutRationale, int TooLong,
    double Seconds);

/// <summary><c>lori trajectories</c>: a teacher's states over a data set, in the exchange format.</summary>
public static class TrajectoriesStage
{
    /// <summary>Computes and writes the trajectories.</summary>
    /// <param name="settings">Those of <see cref="Commands.Trajectories"/>.</param>
    /// <param name="info">Told what happens, a line each.</param>
    /// <param name="ranks">The processes that share the batches, all of which call this; the first one writes. Null for this one
    /// alone.</param>
    /// <exception cref="Files.InputException">Something cannot be read or written, or ranks differ.</exception>
    public static TrajectoriesResult Run(SettingValues settings, Action<string> info, ICommunicator? ranks = null)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ranks ??= SingleProcess.Instance;
        Commands.Trajectories.Check(settings);
        StepSharing.CheckDevice(settings, ranks);
        var clock = Stopwatch.StartNew();
        var (model, rows, ids, left) = TracedTeacher.Load(settings, info);
        using var owned = model;
        Agree(settings, model, rows, ranks);
        var files = StepSharing.Connected(settings, ranks, connected => Write(settings, rows, ids, model, info, connected));
        return new TrajectoriesResult(
            files, rows.Length, rows.Sum(row => (long)row.Rationale.Length), rows.Count(row => row.Rationale.Length == 0),
                left, clock.Elapsed.TotalSeconds);
    }

    private static void Agree(SettingValues settings, ReasoningModel model, EncodedExample[] rows, ICommunicator ranks)
    {
        if (ranks.Size > 1)
        {
            var norm = LongNorm.Of(model.Parameters.Values) + LongNorm.Of(model.Parameters.Frozen);
            Agreement.Check(
                ranks,
                [
                    .. StepSharing.Facts(Commands.Trajectories.ToJson(settings)),
                    ("the number of rows", rows.Length.ToString(CultureInfo.InvariantCulture)),
                    ("the norm of the weights", norm.ToString("R", CultureInfo.InvariantCulture)),
                ]);
        }
    }

    private static IReadOnlyList<string> Write(
        SettingValues settings, EncodedExample[] rows, string[] ids, ReasoningModel model, Action<string> info, ICommunicator ranks)
    {
        var levels = new TracedLevels(settings.Get(AlignmentSettings.Levels).Indices(model.Config.Layers));
        var lines = new CountLines(rows.Length, info);
        IBatchedTrajectories Source(int size, bool gradients, Action<int>? progress) =>
            new ModelTrajectories(model, rows, levels, size, progress, gradients);
        var (size, gradients) = (settings.Get(AnswerSettings.BatchSize), settings.Get(AnswerSettings.TraceGradients));
        if (!ranks.IsFirst)
        {
            DealtTrajectories.Serve(ranks, Source);
            return [];
        }

        using var writer = new TrajectoryWriter(settings.Get(AnswerSettings.TraceOutput), settings.Get(AnswerSettings.ShardSize).Bytes);
        DealtTrajectories.Of(ranks, Source, size, gradients, lines.Tell).ForEach(writer.Add);
        DealtTrajectories.Finish(ranks);
        return writer.Finish(ids);
    }
}
