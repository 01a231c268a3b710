namespace LoRi.Files.Gguf;

/// <summary>
/// Turns the blocks of GGUF's types into float32, bit for bit as defined: scales become float32 first, every operation
/// is rounded to float32, and none is fused with another.
/// </summary>
internal static unsafe class GgufDequantizer
{
    /// <summary>Reads <paramref name="count"/> values, a whole number of blocks.</summary>
    public delegate void BlockReader(byte* source, float* target, long count);

    private static readonly Dictionary<string, BlockReader> Readers = new(StringComparer.Ordinal)
    {
        ["F32"] = (source, target, count) => Buffer.MemoryCopy(source, target, count * 4, count * 4),
        ["F16"] = F16,
        ["BF16"] = BF16,
        ["Q4_0"] = Q40,
        ["Q4_1"] = Q41,
        ["Q5_0"] = Q50,
        ["Q5_1"] = Q51,
        ["Q8_0"] = Q80,
        ["IQ4_NL"] = IQ4NL,
        ["Q2_K"] = GgufKBlocks.Q2K,
        ["Q3_K"] = GgufKBlocks.Q3K,
        ["Q4_K"] = GgufKBlocks.Q4K,
        ["Q5_K"] = GgufKBlocks.Q5K,
        ["Q6_K"] = GgufKBlocks.Q6K,
    };

    private static readonly sbyte[] UnevenSteps = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];

    /// <summary>The names of the types that can be read.</summary>
    public static string Names => string.Join(", ", Readers.Keys);

    /// <summary>Whether a type can be read.</summary>
    public static bool CanRead(string type) => Readers.ContainsKey(type);

    /// <summary>The reader of a type, or null.</summary>
    public static BlockReader? Find(GgufType type) => Readers.GetValueOrDefault(type.Name);

    /// <summary>A half-precision number at any address.</summary>
    public static float HalfAt(byte* source) => (float)BitConverter.UInt16BitsToHalf((ushort)(source[0] | (source[1] << 8)));

    private static void F16(byte* source, float* target, long count)
    {
        for (long i = 0; i < count; i++)
        {
            target[i] = HalfAt(source + (2 * i));
        }
    }

    private static void BF16(byte* source, float* target, long count)
    {
        for (long i = 0; i < count; i++)
        {
            ((uint*)target)[i] = (uint)(source[2 * i] | (source[(2 * i) + 1] << 8)) << 16;
        }
    }

    private static void Q40(byte* source, float* target, long count)
    {
        for (var block = source; count > 0; count -= 32, block += 18, target += 32)
        {
            var scale = HalfAt(block);
            for (var i = 0; i < 16; i++)
            {
                int pair = block[2 + i];
                target[i] = scale * ((pair & 15) - 8);
                target[i + 16] = scale * ((pair >> 4) - 8);
            }
        }
    }

    private static void Q41(byte* source, float* target, long count)
    {
        var values = stackalloc float[16];
        for (var block = source; count > 0; count -= 32, block += 20, target += 32)
        {
            float scale = HalfAt(block), least = HalfAt(block + 2);
            for (var q = 0; q < 16; q++)
            {
                var product = scale * q;
                values[q] = product + least;
            }

            for (var i = 0; i < 16; i++)
            {
                int pair = block[4 + i];
                target[i] = values[pair & 15];
                target[i + 16] = values[pair >> 4];
            }
        }
    }

    private static void Q50(byte* source, float* target, long count)
    {
        for (var block = source; count > 0; count -= 32, block += 22, target += 32)
        {
            var scale = HalfAt(block);
            var high = *(uint*)(block + 2);
            for (var i = 0; i < 16; i++)
            {
                int pair = block[6 + i];
                target[i] = scale * (((pair & 15) | (int)(((high >> i) & 1) << 4)) - 16);
                target[i + 16] = scale * (((pair >> 4) | (int)(((high >> (i + 16)) & 1) << 4)) - 16);
            }
        }
    }

    private static void Q51(byte* source, float* target, long count)
    {
        for (var block = source; count > 0; count -= 32, block += 24, target += 32)
        {
            float scale = HalfAt(block), least = HalfAt(block + 2);
            var high = *(uint*)(block + 4);
            for (var i = 0; i < 16; i++)
            {
                int pair = block[8 + i];
                var first = scale * ((pair & 15) | (int)(((high >> i) & 1) << 4));
                var second = scale * ((pair >> 4) | (int)(((high >> (i + 16)) & 1) << 4));
                target[i] = first + least;
                target[i + 16] = second + least;
            }
        }
    }

    private static void Q80(byte* source, float* target, long count)
    {
        for (var block = source; count > 0; count -= 32, block += 34, target += 32)
        {
            var scale = HalfAt(block);
            for (var i = 0; i < 32; i++)
            {
                target[i] = scale * (sbyte)block[2 + i];
            }
        }
    }

    private static void IQ4NL(byte* source, float* target, long count)
    {
        for (var block = source; count > 0; count -= 32, block += 18, target += 32)
        {
            var scale = HalfAt(block);
            for (var i = 0; i < 16; i++)
            {
                int pair = block[2 + i];
                target[i] = scale * UnevenSteps[pair & 15];
                target[i + 16] = scale * UnevenSteps[pair >> 4];
            }
        }
    }
}
