using System.Runtime.Intrinsics;
using TorchSharp;
using static TorchSharp.torch;

namespace LoRi.Models.Tensors;

/// <summary>
/// W x for a single row x on the CPU, as decoding one token needs it. Such a product reads every weight once and is bound by the
/// memory; libtorch's uses one thread for it. Sums are float32 for both types; every output is one thread's sum in a fixed
/// order, so the number of threads changes no bit. Where the outputs are no multiple of four, the last ones are computed twice.
/// </summary>
internal static unsafe class RowProduct
{
    private const int PieceBytes = 1 << 16;
    private const int RowsAtOnce = 4;
    private const int Lanes = 16;
    private const long LeastValues = 1 << 15;

    /// <summary>Whether the product is one that <see cref="Of"/> computes: no gradient, one row, whole vectors, worth the while.</summary>
    /// <param name="matrix">[outputs, inputs].</param>
    /// <param name="x">[.., inputs].</param>
    public static bool Fits(Tensor matrix, Tensor x)
    {
        if (is_grad_enabled() || x.numel() != matrix.size(1) || x.device_type != DeviceType.CPU || matrix.device_type != DeviceType.CPU)
        {
            return false;
        }

        var (outputs, inputs, values) = (matrix.size(0), matrix.size(1), matrix.numel());
        return matrix.dtype is ScalarType.Float32 or ScalarType.BFloat16 && x.dtype == matrix.dtype
            && VectorWork.VectorBits > 0 && values >= LeastValues && values <= int.MaxValue / sizeof(float)
            && outputs >= RowsAtOnce && inputs % (2 * Lanes) == 0
            && matrix.is_contiguous() && x.is_contiguous();
    }

    /// <summary>The image [.., outputs] of <paramref name="x"/> [.., inputs], in their type.</summary>
    public static Tensor Of(Tensor matrix, Tensor x)
    {
        var shape = x.shape;
        shape[^1] = matrix.size(0);
        var image = empty(shape, matrix.dtype);
        fixed (byte* weights = matrix.bytes, row = x.bytes, result = image.bytes)
        {
            if (matrix.dtype == ScalarType.Float32)
            {
                Single((float*)weights, (float*)row, (float*)result, matrix.size(0), (int)matrix.size(1));
            }
            else
            {
                Brain((ushort*)weights, (ushort*)row, (ushort*)result, matrix.size(0), (int)matrix.size(1));
            }
        }

        return image;
    }

    private static void InPieces(long outputs, int rowBytes, Action<long, long> rows)
    {
        var piece = long.Max(1, PieceBytes / (RowsAtOnce * rowBytes)) * RowsAtOnce;
        var pieces = (int)((outputs + piece - 1) / piece);
        VectorWork.InParallel(pieces, at => rows(at * piece, long.Min(outputs, (at + 1) * piece)));
    }

    private static void Single(float* weights, float* x, float* result, long outputs, int inputs) =>
        InPieces(outputs, inputs * sizeof(float), (first, end) =>
        {
            for (var next = first; next < end; next += RowsAtOnce)
            {
                var row = long.Min(next, outputs - RowsAtOnce);
                float* a = weights + (row * inputs), b = a + inputs, c = b + inputs, d = c + inputs;
                Vector512<float> sumA = default, sumB = default, sumC = default, sumD = default;
                for (var i = 0; i < inputs; i += Lanes)
                {
                    var v = Vector512.Load(x + i);
                    sumA = Vector512.FusedMultiplyAdd(Vector512.Load(a + i), v, sumA);
                    sumB = Vector512.FusedMultiplyAdd(Vector512.Load(b + i), v, sumB);
                    sumC = Vector512.FusedMultiplyAdd(Vector512.Load(c + i), v, sumC);
                    sumD = Vector512.FusedMultiplyAdd(Vector512.Load(d + i), v, sumD);
                }

                result[row] = Vector512.Sum(sumA);
                result[row + 1] = Vector512.Sum(sumB);
                result[row + 2] = Vector512.Sum(sumC);
                result[row + 3] = Vector512.Sum(sumD);
            }
        });

    /// <summary>A bfloat16 is the upper half of a float32: of each pair of neighbours one is shifted up, the other masked.</summary>
    private static void Brain(ushort* weights, ushort* x, ushort* result, long outputs, int inputs)
    {
        var pairs = inputs / 2;
        var wide = new float[inputs];
        for (var i = 0; i < pairs; i++)
        {
            (wide[i], wide[pairs + i]) = (Widened(x[2 * i]), Widened(x[(2 * i) + 1]));
        }

        fixed (float* even = wide)
        {
            var (low, high) = ((nint)even, (nint)(even + pairs));
            InPieces(outputs, inputs * sizeof(ushort), (first, end) =>
            {
                for (var next = first; next < end; next += 2)
                {
                    var row = long.Min(next, outputs - 2);
                    var (one, two) = TwoRows((uint*)(weights + (row * inputs)), (float*)low, (float*)high, pairs);
                    (result[row], result[row + 1]) = (Rounded(one), Rounded(two));
                }
            });
        }
    }

    private static (float One, float Two) TwoRows(uint* a, float* low, float* high, int pairs)
    {
        var mask = Vector512.Create(0xFFFF0000u);
        var b = a + pairs;
        Vector512<float> lowA = default, highA = default, lowB = default, highB = default;
        for (var i = 0; i < pairs; i += Lanes)
        {
            var (u, v) = (Vector512.Load(low + i), Vector512.Load(high + i));
            var (weightsA, weightsB) = (Vector512.Load(a + i), Vector512.Load(b + i));
            lowA = Vector512.FusedMultiplyAdd((weightsA << 16).AsSingle(), u, lowA);
            highA = Vector512.FusedMultiplyAdd((weightsA & mask).AsSingle(), v, highA);
            lowB = Vector512.FusedMultiplyAdd((weightsB << 16).AsSingle(), u, lowB);
            highB = Vector512.FusedMultiplyAdd((weightsB & mask).AsSingle(), v, highB);
        }

        return (Vector512.Sum(lowA + highA), Vector512.Sum(lowB + highB));
    }

    private static float Widened(ushort bits) => BitConverter.UInt32BitsToSingle((uint)bits << 16);

    /// <summary>To the nearest bfloat16, ties to even; NaN stays NaN.</summary>
    private static ushort Rounded(float value)
    {
        var bits = BitConverter.SingleToUInt32Bits(value);
        return float.IsNaN(value) ? (ushort)0x7FC0 : (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }
}
