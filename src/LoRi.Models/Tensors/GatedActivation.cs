using System.Numerics;
using System.Runtime.Intrinsics;
using static TorchSharp.torch;

namespace LoRi.Models.Tensors;

/// <summary>
/// The gated activation of rows [gate, up], silu(gate) up with silu(g) = g / (1 + e^-g) [Shazeer 2020], and its slopes; float32 or
/// float64 on the CPU, each in one reading.
/// </summary>
/// <typeparam name="T">The type of the values.</typeparam>
internal static unsafe class GatedActivation<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int PieceValues = 1 << 14;

    private static int Lanes => Vector512<T>.Count;

    /// <summary>Rows [n, 2 f] become [n, f].</summary>
    public static Tensor Forward(Tensor both)
    {
        var width = (int)(both.shape[1] / 2);
        var result = empty([both.shape[0], width], both.dtype);
        var (from, to) = (VectorWork.Address(both), VectorWork.Address(result));
        InRows((int)both.shape[0], width, row =>
        {
            var gate = (T*)from + (2L * row * width);
            Activate(gate, gate + width, (T*)to + ((long)row * width), width);
        });
        return result;
    }

    /// <summary>Slopes of the rows [n, 2 f] for those of the result, [n, f].</summary>
    public static Tensor Backward(Tensor both, Tensor slopes)
    {
        var width = (int)(both.shape[1] / 2);
        var result = empty_like(both);
        var (from, down, to) = (VectorWork.Address(both), VectorWork.Address(slopes), VectorWork.Address(result));
        InRows((int)both.shape[0], width, row =>
        {
            var start = 2L * row * width;
            Slopes((T*)from + start, (T*)down + ((long)row * width), (T*)to + start, width);
        });
        return result;
    }

    private static void InRows(int rows, int width, Action<int> work)
    {
        var piece = int.Max(1, PieceValues / int.Max(1, width));
        VectorWork.InPieces(rows, piece, (_, first, end) =>
        {
            for (var row = (int)first; row < end; row++)
            {
                work(row);
            }
        });
    }

    private static void Activate(T* gate, T* up, T* to, int count)
    {
        var i = 0;
        for (; i <= count - Lanes; i += Lanes)
        {
            var g = Vector512.Load(gate + i);
            (g * Share(g) * Vector512.Load(up + i)).Store(to + i);
        }

        for (; i < count; i++)
        {
            to[i] = gate[i] / (T.One + T.Exp(-gate[i])) * up[i];
        }
    }

    /// <summary>With s = 1 / (1 + e^-g): dg = dy u s (1 + g (1 - s)), du = dy g s.</summary>
    private static void Slopes(T* gate, T* slopes, T* to, int count)
    {
        var up = gate + count;
        var (one, i) = (Vector512<T>.One, 0);
        for (; i <= count - Lanes; i += Lanes)
        {
            var (g, down) = (Vector512.Load(gate + i), Vector512.Load(slopes + i));
            var share = Share(g);
            (down * Vector512.Load(up + i) * share * VectorRows.Fused(g, one - share, one)).Store(to + i);
            (down * g * share).Store(to + count + i);
        }

        for (; i < count; i++)
        {
            var share = T.One / (T.One + T.Exp(-gate[i]));
            to[i] = slopes[i] * up[i] * share * (T.One + (gate[i] * (T.One - share)));
            to[count + i] = slopes[i] * gate[i] * share;
        }
    }

    private static Vector512<T> Share(Vector512<T> gate) =>
        Vector512<T>.One / (Vector512<T>.One + VectorRows.Exponential(-gate));
}
