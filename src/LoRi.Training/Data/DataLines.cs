using System.Text;

namespace LoRi.Training.Data;

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

/// <summary>Reads a text file line by line, whatever its size. Lines end at LF or CRLF; blank ones are passed over.</summary>
internal static class DataLines
{
    private const int BlockSize = 1 << 16;

    internal static IEnumerable<DataLine> Read(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, BlockSize, FileOptions.SequentialScan);
        var block = new byte[BlockSize];
        var pending = new MemoryStream();
        long number = 0;
        int count;
        while ((count = stream.Read(block)) > 0)
        {
            var start = 0;
            for (var end = Array.IndexOf(block, (byte)'\n', 0, count); end >= 0; end = Array.IndexOf(block, (byte)'\n', start, count - start))
            {
                pending.Write(block, start, end - start);
                start = end + 1;
                if (Take(pending, ++number) is { } line)
                {
                    yield return line;
                }
            }

            pending.Write(block, start, count - start);
        }

        if (Take(pending, ++number) is { } last)
        {
            yield return last;
        }
    }

    private static DataLine? Take(MemoryStream pending, long number)
    {
        var bytes = pending.GetBuffer().AsSpan(0, (int)pending.Length);
        pending.SetLength(0);
        if (number == 1 && bytes.StartsWith("\ufeff"u8))
        {
            bytes = bytes[3..];
        }

        if (bytes.EndsWith("\r"u8))
        {
            bytes = bytes[..^1];
        }

        return bytes.Trim(" \t\r"u8).IsEmpty ? null : new DataLine(number, bytes.ToArray());
    }
}
