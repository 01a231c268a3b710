using static TorchSharp.torch;

namespace LoRi.Models.Tensors;

/// <summary>
/// The Euclidean norm of very many values. libtorch adds float32 squares in float32, which for 10^8 values is one percent short.
/// </summary>
internal static class LongNorm
{
    /// <summary>Values whose squares are one sum: the norm of a part of whole blocks is the same wherever it is taken.</summary>
    private const long Block = 1 << 16;

    /// <summary>Blocks that are widened at a time.</summary>
    private const long Piece = 16;

    /// <summary>The norm of a flat tensor: squares are added in float64 within fixed blocks, and the blocks one after the other.</summary>
    public static double Of(Tensor flat)
    {
        ArgumentNullException.ThrowIfNull(flat);
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var whole = flat.numel() / Block;
        var sums = new List<Tensor>();
        for (var first = 0L; first < whole; first += Piece)
        {
            var blocks = long.Min(Piece, whole - first);
            sums.Add(Squares(flat.narrow(0, first * Block, blocks * Block).view(blocks, Block)));
        }

        if (whole * Block < flat.numel())
        {
            sums.Add(Squares(flat.narrow(0, whole * Block, flat.numel() - (whole * Block)).view(1, -1)));
        }

        return sums.Count == 0 ? 0 : System.Math.Sqrt(cat(sums).cpu().data<double>().Aggregate(0.0, (sum, block) => sum + block));
    }

    private static Tensor Squares(Tensor blocks)
    {
        using var scope = NewDisposeScope();
        return blocks.to(ScalarType.Float64).Squared().sum(1).MoveToOuterDisposeScope();
    }
}
