using System.Runtime.Intrinsics;
using static TorchSharp.torch;

namespace LoRi.Models.Tensors;

/// <summary>
/// Masks of dropout on the CPU: each value follows from a key and its place alone, so that whole vectors are drawn at once and the number
/// of threads changes no bit. The bits are those of a counter that is multiplied and shifted until each of its bits has reached all others.
/// </summary>
internal static unsafe class MaskValues
{
    private const int PieceValues = 1 << 14;
    private const uint Stride = 0x9E3779B9, First = 0x21F0AAAD, Second = 0xD35A2D97;

    /// <summary>Fills a mask, in place: 1 / kept with probability <paramref name="kept"/>, else 0.</summary>
    /// <param name="mask">A contiguous tensor on the CPU, of any floating type.</param>
    /// <param name="kept">Share of the values that stay, above 0.</param>
    /// <param name="key">Masks of different keys are independent.</param>
    /// <returns>The mask.</returns>
    public static Tensor Fill(Tensor mask, double kept, ulong key)
    {
        if (mask.dtype != ScalarType.Float32)
        {
            return mask.copy_(Fill(empty(mask.shape, ScalarType.Float32), 1, kept, key)).Divide(kept);
        }

        return Fill(mask, (float)(1 / kept), kept, key);
    }

    /// <summary>A float32 tensor times the mask of a key, in one reading: in a new tensor of its shape.</summary>
    /// <param name="x">What is multiplied; <see cref="VectorWork.Fits"/> holds.</param>
    /// <param name="kept">Share of the values that stay, above 0.</param>
    /// <param name="key">That of the mask.</param>
    public static Tensor Masked(Tensor x, double kept, ulong key)
    {
        var result = empty_like(x);
        InPieces(x.numel(), key, kept, (float)(1 / kept), (VectorWork.Address(x), 0, VectorWork.Address(result)));
        return result;
    }

    /// <summary>Adds the same to another tensor of its shape, in place.</summary>
    public static void AddMasked(Tensor sum, Tensor x, double kept, ulong key) =>
        InPieces(x.numel(), key, kept, (float)(1 / kept), (VectorWork.Address(x), VectorWork.Address(sum), VectorWork.Address(sum)));

    private static Tensor Fill(Tensor mask, float factor, double kept, ulong key)
    {
        mask.FillWith(1);
        InPieces(mask.numel(), key, kept, factor, (VectorWork.Address(mask), 0, VectorWork.Address(mask)));
        return mask;
    }

    private static void InPieces(long count, ulong key, double kept, float factor, (nint From, nint Beside, nint To) at)
    {
        var draw = new Draw((uint)double.Min(uint.MaxValue, kept * (1L << 32)), factor);
        VectorWork.InPieces(count, PieceValues, (piece, first, end) => draw.Run(
            (float*)at.From + first, at.Beside == 0 ? null : (float*)at.Beside + first, (float*)at.To + first, (int)(end - first),
            key + ((ulong)piece << 32)));
    }

    /// <summary>What masks of one share have in common.</summary>
    /// <param name="limit">Below it a value stays.</param>
    /// <param name="factor">What those that stay are multiplied by.</param>
    private readonly struct Draw(uint limit, float factor)
    {
        /// <summary>to = beside + factor from where a value stays, else beside.</summary>
        public void Run(float* from, float* beside, float* to, int count, ulong key)
        {
            var (low, high, i) = ((uint)key, (uint)(key >> 32), 0);
            for (; i <= count - Vector512<float>.Count; i += Vector512<float>.Count)
            {
                var x = ((Vector512<uint>.Indices + Vector512.Create((uint)i)) * Stride) ^ Vector512.Create(low);
                x = (x ^ (x >> 16)) * First;
                x = (x ^ (x >> 15) ^ Vector512.Create(high)) * Second;
                x ^= x >> 15;
                var kept = Vector512.LessThan(x, Vector512.Create(limit)).AsSingle() & (Vector512.Load(from + i) * factor);
                (beside == null ? kept : kept + Vector512.Load(beside + i)).Store(to + i);
            }

            for (; i < count; i++)
            {
                var x = ((uint)i * Stride) ^ low;
                x = (x ^ (x >> 16)) * First;
                x = (x ^ (x >> 15) ^ high) * Second;
                x ^= x >> 15;
                to[i] = (x < limit ? from[i] * factor : 0) + (beside == null ? 0 : beside[i]);
            }
        }
    }
}
