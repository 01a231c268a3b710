using System.Numerics;
using System.Runtime.Intrinsics;
using static TorchSharp.torch;

namespace LoRi.Models.Tensors;

/// <summary>
/// The half-split rotation of queries and keys [Su et al. 2021] in place, x cos + roll(x, size / 2) sin with the sine's sign in its table,
/// and its transpose for slopes; float32 or float64 on the CPU.
/// </summary>
/// <typeparam name="T">The type of the values.</typeparam>
internal static unsafe class HeadRotation<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int PieceRows = 16;

    private static int Lanes => Vector512<T>.Count;

    /// <summary>Turns the query and key heads of rows.</summary>
    /// <param name="shape">The heads.</param>
    /// <param name="heads">[B T, width], which is changed.</param>
    /// <param name="cosine">[B, 1, T, size].</param>
    /// <param name="sine">[B, 1, T, size].</param>
    /// <param name="isTransposed">Whether slopes of what was turned become slopes of what it was before.</param>
    public static void Turn(HeadShape shape, Tensor heads, Tensor cosine, Tensor sine, bool isTransposed)
    {
        var (to, cos, sin) = (VectorWork.Address(heads), VectorWork.Address(cosine), VectorWork.Address(sine));
        VectorWork.InPieces(shape.Rows, PieceRows, (_, first, end) =>
        {
            for (var row = first; row < end; row++)
            {
                var angle = row * shape.Size;
                var start = (T*)to + (row * shape.Width);
                for (var head = 0; head < shape.Queries + shape.Keys; head++)
                {
                    Turn(start + ((long)head * shape.Size), (T*)cos + angle, (T*)sin + angle, shape.Size / 2, isTransposed);
                }
            }
        });
    }

    /// <summary>One head: its halves a and b become a cos - b sin and b cos + a sin.</summary>
    private static void Turn(T* a, T* cosine, T* sine, int half, bool isTransposed)
    {
        var b = a + half;
        var first = isTransposed ? sine + half : sine;
        var second = isTransposed ? sine : sine + half;
        var i = 0;
        for (; i <= half - Lanes; i += Lanes)
        {
            var (u, v) = (Vector512.Load(a + i), Vector512.Load(b + i));
            VectorRows.Fused(v, Vector512.Load(first + i), u * Vector512.Load(cosine + i)).Store(a + i);
            VectorRows.Fused(u, Vector512.Load(second + i), v * Vector512.Load(cosine + half + i)).Store(b + i);
        }

        for (; i <= half - Vector256<T>.Count; i += Vector256<T>.Count)
        {
            var (u, v) = (Vector256.Load(a + i), Vector256.Load(b + i));
            ((u * Vector256.Load(cosine + i)) + (v * Vector256.Load(first + i))).Store(a + i);
            ((v * Vector256.Load(cosine + half + i)) + (u * Vector256.Load(second + i))).Store(b + i);
        }

        for (; i < half; i++)
        {
            var (u, v) = (a[i], b[i]);
            a[i] = (u * cosine[i]) + (v * first[i]);
            b[i] = (v * cosine[half + i]) + (u * second[i]);
        }
    }
}
