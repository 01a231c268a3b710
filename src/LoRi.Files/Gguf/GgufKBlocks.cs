namespace LoRi.Files.Gguf;

/// <summary>The types of 256 values a block, with scales that are themselves quantised.</summary>
internal static unsafe class GgufKBlocks
{
    private const int BlockValues = 256;

    /// <summary>2 bits: 16 bytes with a 4-bit scale and a 4-bit minimum each, 64 bytes of values, two half scales.</summary>
    public static void Q2K(byte* source, float* target, long count)
    {
        for (var block = source; count > 0; count -= BlockValues, block += 84, target += BlockValues)
        {
            float scales = GgufDequantizer.HalfAt(block + 80), minima = GgufDequantizer.HalfAt(block + 82);
            for (var i = 0; i < BlockValues; i++)
            {
                int half = i / 128, quarter = i % 128 / 32, column = i % 32;
                var value = (block[16 + (half * 32) + column] >> (quarter * 2)) & 3;
                float scale = scales * (block[i / 16] & 15), least = minima * (block[i / 16] >> 4);
                var product = scale * value;
                target[i] = product - least;
            }
        }
    }

    /// <summary>3 bits: 32 bytes of high bits, 64 bytes of low pairs, 12 bytes of 6-bit scales, one half scale.</summary>
    public static void Q3K(byte* source, float* target, long count)
    {
        for (var block = source; count > 0; count -= BlockValues, block += 110, target += BlockValues)
        {
            var whole = GgufDequantizer.HalfAt(block + 108);
            var packed = block + 96;
            for (var i = 0; i < BlockValues; i++)
            {
                int half = i / 128, quarter = i % 128 / 32, column = i % 32, group = i / 16;
                var low = (block[32 + (half * 32) + column] >> (quarter * 2)) & 3;
                var high = (block[column] >> ((half * 4) + quarter)) & 1;
                var scaleLow = (packed[group % 8] >> (group / 8 * 4)) & 15;
                var scaleHigh = (packed[8 + (group % 4)] >> (group / 4 * 2)) & 3;
                var scale = whole * ((scaleLow | (scaleHigh << 4)) - 32);
                target[i] = scale * ((low | (high << 2)) - 4);
            }
        }
    }

    /// <summary>4 bits: two half scales, 12 bytes of 6-bit scales and minima, 128 bytes of pairs.</summary>
    public static void Q4K(byte* source, float* target, long count)
    {
        for (var block = source; count > 0; count -= BlockValues, block += 144)
        {
            var pairs = block + 16;
            for (var group = 0; group < 8; group++, target += 32)
            {
                (var scale, var least) = Scales(block, group);
                var bytes = pairs + (group / 2 * 32);
                var shift = group % 2 * 4;
                for (var i = 0; i < 32; i++)
                {
                    var product = scale * ((bytes[i] >> shift) & 15);
                    target[i] = product - least;
                }
            }
        }
    }

    /// <summary>5 bits: as 4 bits, with 32 bytes that hold the fifth bit of every value.</summary>
    public static void Q5K(byte* source, float* target, long count)
    {
        for (var block = source; count > 0; count -= BlockValues, block += 176)
        {
            byte* high = block + 16, pairs = block + 48;
            for (var group = 0; group < 8; group++, target += 32)
            {
                (var scale, var least) = Scales(block, group);
                var bytes = pairs + (group / 2 * 32);
                var shift = group % 2 * 4;
                for (var i = 0; i < 32; i++)
                {
                    var product = scale * (((bytes[i] >> shift) & 15) | (((high[i] >> group) & 1) << 4));
                    target[i] = product - least;
                }
            }
        }
    }

    /// <summary>6 bits: 128 bytes of low halves, 64 bytes of high pairs, 16 signed scales, one half scale.</summary>
    public static void Q6K(byte* source, float* target, long count)
    {
        for (var block = source; count > 0; count -= BlockValues, block += 210, target += BlockValues)
        {
            var whole = GgufDequantizer.HalfAt(block + 208);
            var scales = (sbyte*)(block + 192);
            for (var i = 0; i < BlockValues; i++)
            {
                int half = i / 128, quarter = i % 128 / 32, column = i % 32;
                var low = (block[(half * 64) + (quarter % 2 * 32) + column] >> (quarter / 2 * 4)) & 15;
                var high = (block[128 + (half * 32) + column] >> (quarter * 2)) & 3;
                var scale = whole * scales[i / 16];
                target[i] = scale * ((low | (high << 4)) - 32);
            }
        }
    }

    /// <summary>Scale and minimum of one of the 8 groups, from the 12 packed bytes that follow the two half scales.</summary>
    private static (float Scale, float Least) Scales(byte* block, int group)
    {
        var packed = block + 4;
        int scale, least;
        if (group < 4)
        {
            scale = packed[group] & 63;
            least = packed[group + 4] & 63;
        }
        else
        {
            scale = (packed[group + 4] & 15) | (packed[group - 4] >> 6 << 4);
            least = (packed[group + 4] >> 4) | (packed[group] >> 6 << 4);
        }

        return (GgufDequantizer.HalfAt(block) * scale, GgufDequantizer.HalfAt(block + 2) * least);
    }
}
