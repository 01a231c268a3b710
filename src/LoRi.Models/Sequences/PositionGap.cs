using LoRi.Models.Decoders;
using LoRi.Models.Tensors;
using static TorchSharp.torch;

namespace LoRi.Models.Sequences;

/// <summary>Positions that a row leaves empty, as if tokens stood there.</summary>
/// <param name="Before">Index of the id before which they lie.</param>
/// <param name="Count">How many.</param>
public sealed record PositionGap(int Before, int Count)
{
    /// <summary>Positions of rows with the gaps of each; the same where there are none.</summary>
    internal static PassPositions In(PassPositions positions, PaddedRows rows, IReadOnlyList<GradedRow> graded)
    {
        if (graded.All(row => row.Gap is null))
        {
            return positions;
        }

        var shifts = new long[graded.Count * rows.Width];
        for (var row = 0; row < graded.Count; row++)
        {
            for (var token = graded[row].Gap?.Before ?? rows.Lengths[row]; token < rows.Lengths[row]; token++)
            {
                shifts[(row * rows.Width) + rows.Column(row, token)] = graded[row].Gap!.Count;
            }
        }

        var shift = tensor(shifts, [graded.Count, rows.Width], ScalarType.Int64).to(positions.Values.device);
        return positions with { Values = positions.Values.Plus(shift), Limit = positions.Limit + graded.Max(row => row.Gap?.Count ?? 0) };
    }
}
