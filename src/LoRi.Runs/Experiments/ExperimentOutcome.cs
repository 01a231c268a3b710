using System.Text.Json;
using LoRi.Training.Ranks;

namespace LoRi.Runs.Experiments;

/// <summary>How an experiment ended.</summary>
/// <param name="Finished">Cells that this call finished.</param>
/// <param name="Before">Cells that were finished before.</param>
/// <param name="Failed">Cells that failed.</param>
/// <param name="Left">Cells that are left, for want of time or because others work on them.</param>
/// <param name="Seconds">Wall time.</param>
public sealed record ExperimentOutcome(int Finished, int Before, int Failed, int Left, double Seconds);

/// <summary>What became of cells on one rank, by their folders.</summary>
/// <param name="Finished">Those that it finished.</param>
/// <param name="Before">Those that it found finished.</param>
/// <param name="Failed">Those that failed, here or elsewhere.</param>
internal sealed record CellTally(HashSet<string> Finished, HashSet<string> Before, HashSet<string> Failed)
{
    /// <summary>What became of them on all ranks; null on all but the first.</summary>
    public CellTally? OfAll(ICommunicator ranks)
    {
        var all = ranks.Gather(JsonSerializer.SerializeToUtf8Bytes(this)).Select(one => JsonSerializer.Deserialize<CellTally>(one)!)
            .ToArray();
        return ranks.IsFirst
            ? new(Union(all, one => one.Finished), Union(all, one => one.Before), Union(all, one => one.Failed))
            : null;
    }

    /// <summary>How so many cells ended; what one rank finished, others may have found finished.</summary>
    public ExperimentOutcome Outcome(int cells, double seconds)
    {
        var before = Before.Except(Finished).Count();
        var failed = Failed.Except(Finished).Count();
        return new ExperimentOutcome(Finished.Count, before, failed, cells - Finished.Count - before - failed, seconds);
    }

    private static HashSet<string> Union(CellTally[] all, Func<CellTally, HashSet<string>> part) => [.. all.SelectMany(part)];
}
