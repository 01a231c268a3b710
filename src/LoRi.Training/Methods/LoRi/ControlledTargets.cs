using LoRi.Math;
using LoRi.Math.Fluent;
using LoRi.Models.Sequences;
using LoRi.Training.Teachers;
using LoRi.Training.Trajectories;

namespace LoRi.Training.Methods.LoRi;

/// <summary>Puts the targets of a control in the place of the rows' own.</summary>
internal static class ControlledTargets
{
    /// <summary>Nothing where the rows' own are wanted.</summary>
    /// <param name="teacher">The teacher's side.</param>
    /// <param name="targets">Whose moments are wanted.</param>
    /// <param name="rows">The training rows as the teacher reads them.</param>
    /// <param name="seed">Draws what a control draws.</param>
    /// <exception cref="MathException">There are too few rows.</exception>
    public static void Apply(LoRiTeacher teacher, RationaleTargets targets, IReadOnlyList<EncodedExample> rows, long seed)
    {
        if (targets.IsShuffled)
        {
            var donors = Donors(rows, seed);
            teacher.Replace(own => new ShuffledTargets(own, donors));
        }
        else if (targets.IsPermuted)
        {
            teacher.Replace(own => new PermutedTargets(own, teacher.Objective.Subspace, seed));
        }
    }

    /// <summary>For every row with a rationale another such row.</summary>
    private static Dictionary<int, int> Donors(IReadOnlyList<EncodedExample> rows, long seed)
    {
        var able = rows.Where(row => row.Rationale.Length > 0).Select(row => row.Index).ToArray();
        return able.Zip(Controls.Derangement(seed, able.Length), (row, donor) => (row, able[donor]))
            .ToDictionary(pair => pair.row, pair => pair.Item2);
    }
}
