using System.Runtime.Intrinsics;
using static TorchSharp.torch;

namespace LoRi.Models.Tensors;

/// <summary>
/// The Euclidean norm of very many values. libtorch adds float32 squares in float32, which for 10^8 values is one percent short.
/// </summary>
internal static unsafe class LongNorm
{
    /// <summary>Values whose squares are one sum: the norm of a part of whole blocks is the same wherever it is taken.</summary>
    public const long Block = 1 << 16;

    /// <summary>Blocks that are taken at a time.</summary>
    private const long Piece = 16;

    private const int Lanes = 16;

    /// <summary>The norm of a flat tensor: squares are added in float64 within fixed blocks, and the blocks one after the other.</summary>
    public static double Of(Tensor flat) => OfBlocks(Blocks(flat));

    /// <summary>The norm of a tensor whose blocks have these sums of squares, in their order.</summary>
    public static double OfBlocks(IEnumerable<double> blocks) => System.Math.Sqrt(blocks.Aggregate(0.0, (sum, block) => sum + block));

    /// <summary>The sums of squares of the blocks of a flat tensor; the last one may be short.</summary>
    public static double[] Blocks(Tensor flat)
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

        return sums.Count == 0 ? [] : cat(sums).cpu().data<double>().ToArray();
    }

    private static Tensor Squares(Tensor blocks) =>
        VectorWork.Fits(blocks) && blocks.shape[1] % Lanes == 0 ? InOneReading(blocks) : Widened(blocks);

    /// <summary>Sums of squares of rows by libtorch, which widens a copy.</summary>
    internal static Tensor Widened(Tensor blocks)
    {
        using var scope = NewDisposeScope();
        return blocks.to(ScalarType.Float64).Squared().sum(1).MoveToOuterDisposeScope();
    }

    /// <summary>The same of float32 rows of whole vectors, widened in registers.</summary>
    internal static Tensor InOneReading(Tensor blocks)
    {
        var (rows, columns) = ((int)blocks.shape[0], (int)blocks.shape[1]);
        var sums = empty([rows], ScalarType.Float64);
        fixed (byte* values = blocks.bytes, results = sums.bytes)
        {
            var (from, to) = ((nint)values, (nint)results);
            VectorWork.InParallel(rows, row => ((double*)to)[row] = SumOfSquares((float*)from + ((long)row * columns), columns));
        }

        return sums;
    }

    private static double SumOfSquares(float* values, int count)
    {
        Vector512<double> lower = default, upper = default;
        for (var i = 0; i < count; i += Lanes)
        {
            var (low, high) = Vector512.Widen(Vector512.Load(values + i));
            lower = Vector512.FusedMultiplyAdd(low, low, lower);
            upper = Vector512.FusedMultiplyAdd(high, high, upper);
        }

        return Vector512.Sum(lower + upper);
    }
}
