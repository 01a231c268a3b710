using System.Text;
using LoRi.Files.Disk;
using LoRi.Files.Text;

namespace LoRi.Files.Data;

/// <summary>One line of a text file, not yet decoded.</summary>
/// <param name="Number">From 1.</param>
/// <param name="Bytes">Its bytes without the line end.</param>
internal readonly record struct DataLine(long Number, byte[] Bytes)
{
    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    internal string Place => $"line {Number}";

    /// <summary>The line's text.</summary>
    /// <exception cref="BadRowException">It is not UTF-8.</exception>
    internal string Text()
    {
        try
        {
            return StrictUtf8.GetString(Bytes);
        }
        catch (DecoderFallbackException e)
        {
            throw new BadRowException($"byte {e.Index + 1} of the line is not valid UTF-8", e);
        }
    }
}

/// <summary>Reads a text file line by line, whatever its size. Lines end at LF, CRLF or CR; blank ones are passed over.</summary>
internal static class DataLines
{
    /// <summary>The longest line in bytes: far more than any row has, and little enough to be held in memory.</summary>
    internal const int LongestLine = 1 << 26;

    private const int BlockSize = 1 << 16;

    internal static IEnumerable<DataLine> Read(string path)
    {
        long number = 0;
        foreach (var stretch in Stretches(path))
        {
            foreach (var range in Parts(stretch))
            {
                if (Take(stretch.AsSpan(range), ++number) is { } line)
                {
                    yield return line;
                }
            }
        }
    }

    /// <summary>What stands between two LF, and after the last.</summary>
    private static IEnumerable<byte[]> Stretches(string path)
    {
        using var stream = InputFile.Open(path);
        var block = new byte[BlockSize];
        var pending = new MemoryStream();
        int count;
        long number = 1;
        while ((count = stream.Read(block)) > 0)
        {
            var start = 0;
            for (var end = Array.IndexOf(block, (byte)'\n', 0, count); end >= 0;
                end = Array.IndexOf(block, (byte)'\n', start, count - start))
            {
                pending.Write(block, start, end - start);
                start = end + 1;
                yield return pending.ToArray();
                pending.SetLength(0);
                number++;
            }

            pending.Write(block, start, count - start);
            CheckLength(path, number, pending.Length);
        }

        yield return pending.ToArray();
    }

    private static void CheckLength(string path, long line, long length)
    {
        if (length > LongestLine)
        {
            throw new InputException(
                $"{path}: line {line} has no end within {MessageText.Bytes(LongestLine)}; check that it is a file of text with one row a "
                + "line");
        }
    }

    /// <summary>The lines of a stretch: a CR at its end belongs to the LF, any other ends a line of its own.</summary>
    private static List<Range> Parts(byte[] stretch)
    {
        var length = stretch.AsSpan().EndsWith("\r"u8) ? stretch.Length - 1 : stretch.Length;
        var parts = new List<Range>(1);
        foreach (var part in stretch.AsSpan(0, length).Split((byte)'\r'))
        {
            parts.Add(part);
        }

        return parts;
    }

    private static DataLine? Take(ReadOnlySpan<byte> bytes, long number)
    {
        if (number == 1 && bytes.StartsWith("\ufeff"u8))
        {
            bytes = bytes[3..];
        }

        return bytes.Trim(" \t"u8).IsEmpty ? null : new DataLine(number, bytes.ToArray());
    }
}
