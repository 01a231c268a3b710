using System.Runtime.InteropServices;

namespace LoRi.Files.Safetensors;

/// <summary>What the values of a tensor look like.</summary>
/// <param name="Finite">Whether none is NaN or infinite.</param>
/// <param name="AllZero">Whether every one is zero.</param>
internal readonly record struct ValueScan(bool Finite, bool AllZero)
{
    private const int PieceBytes = 1 << 20;

    /// <summary>Looks at every value of a floating-point tensor; null for tensors of other types.</summary>
    public static ValueScan? Of(SafetensorsFile file, SafetensorsEntry entry)
    {
        Func<byte[], int, (bool Finite, bool AllZero)>? look = entry.Dtype switch
        {
            "BF16" => (bytes, count) => Look16(bytes.AsSpan(0, count), 0x7F80),
            "F16" => (bytes, count) => Look16(bytes.AsSpan(0, count), 0x7C00),
            "F32" => (bytes, count) => Look32(bytes.AsSpan(0, count)),
            "F64" => (bytes, count) => Look64(bytes.AsSpan(0, count)),
            _ => null,
        };
        if (look is null)
        {
            return null;
        }

        var buffer = new byte[long.Min(PieceBytes, entry.Length)];
        var (finite, zero) = (true, true);
        for (var offset = 0L; offset < entry.Length; offset += buffer.Length)
        {
            var count = (int)long.Min(buffer.Length, entry.Length - offset);
            file.CopyBytes(entry, offset, buffer.AsSpan(0, count));
            var piece = look(buffer, count);
            (finite, zero) = (finite && piece.Finite, zero && piece.AllZero);
        }

        return new ValueScan(finite, zero);
    }

    /// <summary>A number is NaN or infinite where all bits of its exponent are set.</summary>
    private static (bool Finite, bool AllZero) Look16(ReadOnlySpan<byte> bytes, ushort exponent)
    {
        var (finite, any) = (true, 0);
        foreach (var bits in MemoryMarshal.Cast<byte, ushort>(bytes))
        {
            finite &= (bits & exponent) != exponent;
            any |= bits & 0x7FFF;
        }

        return (finite, any == 0);
    }

    private static (bool Finite, bool AllZero) Look32(ReadOnlySpan<byte> bytes)
    {
        const uint Exponent = 0x7F800000;
        var (finite, any) = (true, 0U);
        foreach (var bits in MemoryMarshal.Cast<byte, uint>(bytes))
        {
            finite &= (bits & Exponent) != Exponent;
            any |= bits & 0x7FFFFFFF;
        }

        return (finite, any == 0);
    }

    private static (bool Finite, bool AllZero) Look64(ReadOnlySpan<byte> bytes)
    {
        const ulong Exponent = 0x7FF0000000000000;
        var (finite, any) = (true, 0UL);
        foreach (var bits in MemoryMarshal.Cast<byte, ulong>(bytes))
        {
            finite &= (bits & Exponent) != Exponent;
            any |= bits & 0x7FFFFFFFFFFFFFFF;
        }

        return (finite, any == 0);
    }
}
