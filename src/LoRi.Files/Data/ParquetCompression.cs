using System.Buffers.Binary;

namespace LoRi.Files.Data;

/// <summary>
/// What packed bytes say that they unpack to; some of the library's decoders make room for it without a look at the page's head.
/// </summary>
internal static class ParquetCompression
{
    private const int None = 0, Snappy = 1, Gzip = 2, Brotli = 4, Zstd = 6, Lz4Raw = 7;
    private const uint ZstdFrame = 0xFD2FB528, SkippableFrame = 0x184D2A50;
    private const int ZstdBlock = 1 << 17;

    /// <summary>Refuses packed bytes that claim to be more than <paramref name="largest"/>.</summary>
    /// <exception cref="BadParquetException">They do, or are packed in a way that is not read.</exception>
    public static void Check(Stream stream, ParquetChunk chunk, ParquetPage page, long at, long largest)
    {
        if (chunk.Codec is not (None or Snappy or Gzip or Brotli or Zstd or Lz4Raw))
        {
            throw ParquetPages.Bad(chunk, "is packed neither with snappy, gzip, brotli, zstd nor raw LZ4", sound: true);
        }

        var length = page.Packed - page.LevelBytes;
        if (chunk.Codec is not (Snappy or Zstd) || length == 0 || page.AsItIs)
        {
            return;
        }

        var bytes = new byte[chunk.Codec == Snappy ? long.Min(length, 10) : length];
        stream.Position = at + page.LevelBytes;
        stream.ReadExactly(bytes);
        var claimed = chunk.Codec == Snappy ? SnappyLength(bytes) : ZstdLength(bytes);
        if (claimed is not { } size || size > largest)
        {
            throw ParquetPages.Bad(chunk, "has a page whose packed bytes are damaged, or unpack to far more than it has");
        }
    }

    private static long? SnappyLength(ReadOnlySpan<byte> bytes)
    {
        var value = 0L;
        for (var index = 0; index < int.Min(5, bytes.Length); index++)
        {
            value |= (long)(bytes[index] & 0x7F) << (7 * index);
            if (bytes[index] < 0x80)
            {
                return value;
            }
        }

        return null;
    }

    /// <summary>The length that the frames state, or where one does not, the most that its blocks can hold.</summary>
    private static long? ZstdLength(ReadOnlySpan<byte> bytes)
    {
        var total = 0L;
        while (bytes.Length >= 8)
        {
            var magic = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
            if ((magic & 0xFFFFFFF0) == SkippableFrame)
            {
                var skipped = 8L + BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]);
                if (skipped > bytes.Length)
                {
                    return null;
                }

                bytes = bytes[(int)skipped..];
            }
            else if (magic != ZstdFrame || FrameLength(ref bytes) is not { } length || (total += length) > int.MaxValue)
            {
                return null;
            }
        }

        return bytes.IsEmpty ? total : null;
    }

    private static long? FrameLength(ref ReadOnlySpan<byte> bytes)
    {
        var head = bytes[4];
        var single = (head & 0x20) != 0;
        var dictionary = (head & 3) switch { 0 => 0, 1 => 1, 2 => 2, _ => 4 };
        var width = (head >> 6) switch { 0 => single ? 1 : 0, 1 => 2, 2 => 4, _ => 8 };
        var at = 5 + (single ? 0 : 1) + dictionary;
        if (at + width > bytes.Length)
        {
            return null;
        }

        var stated = width switch
        {
            1 => bytes[at],
            2 => BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]) + 256L,
            4 => BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]),
            8 => (long)ulong.Min(long.MaxValue, BinaryPrimitives.ReadUInt64LittleEndian(bytes[at..])),
            _ => -1,
        };
        bytes = bytes[(at + width)..];
        var blocks = Blocks(ref bytes);
        bytes = (head & 4) != 0 && bytes.Length >= 4 ? bytes[4..] : bytes;
        return blocks < 0 ? null : stated >= 0 ? stated : blocks * ZstdBlock;
    }

    /// <summary>Passes over the blocks of a frame and counts them; -1 where they are cut short.</summary>
    private static long Blocks(ref ReadOnlySpan<byte> bytes)
    {
        for (var count = 1L; bytes.Length >= 3; count++)
        {
            var head = bytes[0] | (bytes[1] << 8) | (bytes[2] << 16);
            var length = ((head >> 1) & 3) == 1 ? 1 : head >> 3;
            if (3 + length > bytes.Length)
            {
                return -1;
            }

            bytes = bytes[(3 + length)..];
            if ((head & 1) != 0)
            {
                return count;
            }
        }

        return -1;
    }
}
