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

    private static Tensor Fill(Tensor mask, float value, double kept, ulong key)
    {
        var count = mask.numel();
        var limit = (uint)double.Min(uint.MaxValue, kept * (1L << 32));
        fixed (byte* memory = mask.bytes)
        {
            var start = (nint)memory;
            VectorWork.InParallel((int)((count + PieceValues - 1) / PieceValues), piece =>
            {
                var first = (long)piece * PieceValues;
                Fill((float*)start + first, (int)long.Min(PieceValues, count - first), value, limit, key + ((ulong)piece << 32));
            });
        }

        return mask;
    }

    private static void Fill(float* values, int count, float value, uint limit, ulong key)
    {
        var (low, high, i) = ((uint)key, (uint)(key >> 32), 0);
        var lanes = Vector512<uint>.Indices;
        for (; i <= count - Vector512<uint>.Count; i += Vector512<uint>.Count)
        {
            var x = ((lanes + Vector512.Create((uint)i)) * Stride) ^ Vector512.Create(low);
            x = (x ^ (x >> 16)) * First;
            x = (x ^ (x >> 15) ^ Vector512.Create(high)) * Second;
            x ^= x >> 15;
            var stays = Vector512.LessThan(x, Vector512.Create(limit)).AsSingle();
            (stays & Vector512.Create(value)).Store(values + i);
        }

        for (; i < count; i++)
        {
            var x = ((uint)i * Stride) ^ low;
            x = (x ^ (x >> 16)) * First;
            x = (x ^ (x >> 15) ^ high) * Second;
            x ^= x >> 15;
            values[i] = x < limit ? value : 0;
        }
    }
}
