using static TorchSharp.torch;

namespace LoRi.Models.Decoders;

/// <summary>
/// Writes states into a pass at one column of every row, before the blocks that it chooses. Gradients flow into what is written, and not
/// into what was there.
/// </summary>
/// <param name="columns">The column of every row, among those of the pass.</param>
/// <param name="replace">
/// What stands at that column before a block, from the block's number and the states [B, d] there; null to leave them.
/// </param>
public sealed class Intervention(IReadOnlyList<int> columns, Func<int, Tensor, Tensor?> replace)
{
    /// <summary>What enters a block: <paramref name="states"/> [B, T, d], with the column replaced.</summary>
    internal Tensor Before(int layer, Tensor states)
    {
        using var scope = NewDisposeScope();
        var (rows, width) = ((int)states.shape[0], (int)states.shape[1]);
        var index = tensor([.. columns.Select((column, row) => ((long)row * width) + column)], ScalarType.Int64).to(states.device);
        var there = states.reshape((long)rows * width, states.shape[2]).index_select(0, index);
        if (replace(layer, there) is not { } written)
        {
            return states;
        }

        var flags = new bool[rows * width];
        for (var row = 0; row < rows; row++)
        {
            flags[(row * width) + columns[row]] = true;
        }

        var mask = tensor(flags, [rows, width, 1], ScalarType.Bool).to(states.device);
        return where(mask, written.to(states.dtype).unsqueeze(1), states).MoveToOuterDisposeScope();
    }
}
