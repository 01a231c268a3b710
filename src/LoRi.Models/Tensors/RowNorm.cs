using System.Numerics;
using System.Runtime.Intrinsics;
using static TorchSharp.torch;

namespace LoRi.Models.Tensors;

/// <summary>
/// The root mean square norm of rows, y = x / sqrt(mean(x^2) + epsilon) * w [Zhang and Sennrich 2019], with the sum of a residual stream
/// before it, and its slopes; float32 or float64 on the CPU, each in one reading.
/// </summary>
/// <typeparam name="T">The type of the values.</typeparam>
internal static unsafe class RowNorm<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Rows that are one piece of work; sums over rows are taken within pieces, and the pieces one after the other.</summary>
    private const int PieceRows = 32;

    private static int Lanes => Vector512<T>.Count;

    /// <summary>Adds a residual to x, which is changed, and normalises the sum.</summary>
    /// <param name="x">[n, d].</param>
    /// <param name="residual">[n, d]; null for none.</param>
    /// <param name="weight">[d].</param>
    /// <param name="epsilon">Added to the mean square.</param>
    /// <returns>The normalised rows [n, d], and what each was multiplied by, [n].</returns>
    public static (Tensor Normed, Tensor Inverse) Forward(Tensor x, Tensor? residual, Tensor weight, double epsilon)
    {
        var (rows, width) = ((int)x.shape[0], (int)x.shape[1]);
        var (normed, inverse) = (empty_like(x), empty([x.shape[0]], x.dtype));
        var (atX, atR, atW) = (VectorWork.Address(x), residual is null ? 0 : VectorWork.Address(residual), VectorWork.Address(weight));
        var (atY, atI, least) = (VectorWork.Address(normed), VectorWork.Address(inverse), T.CreateTruncating(epsilon));
        InPieces(rows, (first, end, _) =>
        {
            for (var row = first; row < end; row++)
            {
                var start = (long)row * width;
                var values = (T*)atX + start;
                if (atR != 0)
                {
                    VectorRows.AddScaled(values, (T*)atR + start, T.One, width);
                }

                var factor = T.One / T.Sqrt((VectorRows.Dot(values, values, width) / T.CreateTruncating(width)) + least);
                ((T*)atI)[row] = factor;
                Scale(values, (T*)atW, factor, (T*)atY + start, width);
            }
        });
        return (normed, inverse);
    }

    /// <summary>The slope of x for that of the normalised rows.</summary>
    /// <param name="slopes">Slopes of the normalised rows, [n, d].</param>
    /// <param name="x">What was normalised, [n, d].</param>
    /// <param name="inverse">What each row was multiplied by, [n].</param>
    /// <param name="weight">[d].</param>
    /// <param name="beside">The slope that x has beside the norm, [n, d]; null for none.</param>
    /// <param name="sum">The weight's gradient [d], which is added to; null for none.</param>
    /// <returns>The slope of x, [n, d].</returns>
    public static Tensor Backward(Tensor slopes, Tensor x, Tensor inverse, Tensor weight, Tensor? beside, Tensor? sum)
    {
        var (rows, width) = ((int)x.shape[0], (int)x.shape[1]);
        var result = empty_like(x);
        var partial = sum is null ? null : zeros([Pieces(rows), width], x.dtype);
        var (atS, atX, atI, atW) =
            (VectorWork.Address(slopes), VectorWork.Address(x), VectorWork.Address(inverse), VectorWork.Address(weight));
        var (atB, atR) = (beside is null ? 0 : VectorWork.Address(beside), VectorWork.Address(result));
        var atP = partial is null ? 0 : VectorWork.Address(partial);
        InPieces(rows, (first, end, piece) =>
        {
            for (var row = first; row < end; row++)
            {
                var start = (long)row * width;
                var read = new Row((T*)atS + start, (T*)atX + start, (T*)atW, ((T*)atI)[row], width);
                read.Slope(atB == 0 ? null : (T*)atB + start, (T*)atR + start);
                if (atP != 0)
                {
                    read.AddTo((T*)atP + ((long)piece * width));
                }
            }
        });
        if (partial is not null)
        {
            var to = (T*)VectorWork.Address(sum!);
            for (var piece = 0; piece < Pieces(rows); piece++)
            {
                VectorRows.AddScaled(to, (T*)atP + ((long)piece * width), T.One, width);
            }
        }

        return result;
    }

    private static int Pieces(int rows) => (rows + PieceRows - 1) / PieceRows;

    private static void InPieces(int rows, Action<int, int, int> work) =>
        VectorWork.InPieces(rows, PieceRows, (piece, first, end) => work((int)first, (int)end, piece));

    private static void Scale(T* x, T* weight, T factor, T* to, int count)
    {
        var i = 0;
        for (; i <= count - Lanes; i += Lanes)
        {
            (Vector512.Load(x + i) * factor * Vector512.Load(weight + i)).Store(to + i);
        }

        for (; i < count; i++)
        {
            to[i] = x[i] * factor * weight[i];
        }
    }

    /// <summary>One row of the backward pass.</summary>
    private readonly struct Row(T* slopes, T* x, T* weight, T inverse, int count)
    {
        /// <summary>dx = beside + inverse (dy w - x inverse^2 mean(dy w x))</summary>
        public void Slope(T* beside, T* to)
        {
            var shared = Projection() * inverse * inverse * inverse / T.CreateTruncating(count);
            var i = 0;
            for (; i <= count - Lanes; i += Lanes)
            {
                var own = Vector512.Load(slopes + i) * Vector512.Load(weight + i) * inverse;
                var sum = own - (Vector512.Load(x + i) * shared);
                (beside == null ? sum : sum + Vector512.Load(beside + i)).Store(to + i);
            }

            for (; i < count; i++)
            {
                to[i] = (slopes[i] * weight[i] * inverse) - (x[i] * shared) + (beside == null ? T.Zero : beside[i]);
            }
        }

        /// <summary>Adds dy x inverse, the row's part in the weight's gradient.</summary>
        public void AddTo(T* sum)
        {
            var i = 0;
            for (; i <= count - Lanes; i += Lanes)
            {
                var own = Vector512.Load(slopes + i) * Vector512.Load(x + i);
                VectorRows.Fused(own, Vector512.Create(inverse), Vector512.Load(sum + i)).Store(sum + i);
            }

            for (; i < count; i++)
            {
                sum[i] += slopes[i] * x[i] * inverse;
            }
        }

        private T Projection()
        {
            var (sum, i) = (Vector512<T>.Zero, 0);
            for (; i <= count - Lanes; i += Lanes)
            {
                sum = VectorRows.Fused(Vector512.Load(slopes + i) * Vector512.Load(weight + i), Vector512.Load(x + i), sum);
            }

            var total = Vector512.Sum(sum);
            for (; i < count; i++)
            {
                total += slopes[i] * weight[i] * x[i];
            }

            return total;
        }
    }
}
