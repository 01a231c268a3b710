using System.Runtime.CompilerServices;
using static TorchSharp.torch;

namespace LoRi.Models.Tensors;

/// <summary>Brings float32 weights into a stored form.</summary>
internal static unsafe class WeightRounding
{
    private const float Most = 127;

    /// <summary>Writes values, float32 [rows, columns], into rows of as many: to the nearest number that their form has.</summary>
    public static void Into(StoredRows rows, Tensor values)
    {
        if (rows.Form == StoredForm.EightBit)
        {
            EightBits(rows, values);
            return;
        }

        var type = rows.Form == StoredForm.Single ? ScalarType.Float32
            : rows.Form == StoredForm.Brain ? ScalarType.BFloat16
            : rows.Form == StoredForm.Half ? ScalarType.Float16
            : throw new InvalidOperationException($"invariant: nothing is rounded to {rows.Form.Name}");
        using var rounded = values.to(type);
        rounded.bytes.CopyTo(rows.Bytes.bytes);
    }

    private static void EightBits(StoredRows rows, Tensor values)
    {
        var columns = (int)values.size(1);
        fixed (byte* from = values.bytes, to = rows.Bytes.bytes)
        {
            var (read, written, length) = ((nint)from, (nint)to, rows.Form.RowBytes(columns));
            VectorWork.InParallel((int)rows.Count, row =>
            {
                for (var block = 0; block < columns / StoredForm.BlockValues; block++)
                {
                    EightBits((float*)read + ((long)row * columns) + (block * StoredForm.BlockValues),
                        (byte*)written + ((long)row * length) + (block * rows.Form.BlockBytes));
                }
            });
        }
    }

    /// <summary>
    /// The largest becomes 127 times the scale, which is rounded to float16 first, so that the others are divided by the scale that
    /// they are multiplied by.
    /// </summary>
    private static void EightBits(float* values, byte* block)
    {
        var largest = 0f;
        for (var at = 0; at < StoredForm.BlockValues; at++)
        {
            largest = float.Max(largest, float.Abs(values[at]));
        }

        var scale = Half.Min((Half)(largest / Most), Half.MaxValue);
        Unsafe.WriteUnaligned(block, BitConverter.HalfToUInt16Bits(scale));
        for (var at = 0; at < StoredForm.BlockValues; at++)
        {
            var steps = scale == (Half)0 ? 0 : float.Round(values[at] / (float)scale);
            ((sbyte*)block)[2 + at] = (sbyte)float.Clamp(steps, -Most, Most);
        }
    }
}
