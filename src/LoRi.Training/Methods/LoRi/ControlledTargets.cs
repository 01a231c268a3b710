using LoRi.Math;
using LoRi.Math.Fluent;
using LoRi.Models.Sequences;
using LoRi.Training.Teachers;
using LoRi.Training.Trajectories;
using static TorchSharp.torch;

namespace LoRi.Training.Methods.LoRi;

/// <summary>Puts the targets of a control in the place of the rows' own.</summary>
internal static class ControlledTargets
{
    /// <summary>The rows as the teacher's states are read of them: those of the question, or of the rationale.</summary>
    public static IReadOnlyList<EncodedExample> Traced(IReadOnlyList<EncodedExample> rows, RationaleTargets targets) =>
        targets.IsQuestion ? [.. rows.Select(row => row with { TracesQuestion = true })] : rows;

    /// <summary>Nothing where the traced tokens' own are wanted.</summary>
    /// <param name="teacher">The teacher's side.</param>
    /// <param name="targets">Whose moments are wanted.</param>
    /// <param name="rows">The training rows as the teacher reads them, in batches.</param>
    /// <param name="seed">Draws what a control draws.</param>
    /// <param name="like">A tensor of the device and dtype that students are compared in.</param>
    /// <exception cref="MathException">There are too few rows, or the statistics are too large to be averaged.</exception>
    public static void Apply(
        LoRiTeacher teacher, RationaleTargets targets, IReadOnlyList<EncodedExample[]> rows, long seed, Tensor like)
    {
        if (targets.IsShuffled)
        {
            var donors = Donors([.. rows.SelectMany(batch => batch)], seed);
            teacher.Replace(own => new ShuffledTargets(own, donors));
        }
        else if (targets.IsPermuted)
        {
            teacher.Replace(own => new PermutedTargets(own, teacher.Objective.Subspace, seed));
        }
        else if (targets.IsCorpusMean)
        {
            teacher.PullToMeans(rows.Select(batch => batch.Select(row => row.Index).ToArray()), like);
        }
    }

    /// <summary>For every row with a rationale another such row; copies of a row are one, so that none gets its own from a copy.</summary>
    private static Dictionary<int, int> Donors(IReadOnlyList<EncodedExample> rows, long seed)
    {
        var unlike = rows.OrderBy(row => row.Index).Where(row => row.TracedLength > 0)
            .GroupBy(row => (string.Join(' ', row.Question), string.Join(' ', row.Rationale)))
            .Select(copies => copies.Select(row => row.Index).ToArray())
            .ToArray();
        var donors = Controls.Derangement(seed, unlike.Length);
        return unlike.SelectMany((copies, at) => copies.Select(row => (row, unlike[donors[at]][0])))
            .ToDictionary(pair => pair.row, pair => pair.Item2);
    }
}
