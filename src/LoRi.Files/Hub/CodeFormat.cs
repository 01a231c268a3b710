namespace LoRi.Files.Hub;

/// <summary>Tells by a file's first bytes that it can run code when it is loaded, whatever its name says.</summary>
internal static class CodeFormat
{
    /// <summary>Bytes that are enough to tell.</summary>
    public const int Enough = 128;

    private const int ZipName = 30;

    /// <summary>How text pickles of the oldest protocol begin: with a container, or by naming a function of a module.</summary>
    private static readonly byte[][] TextPickles =
    [
        .. new[] { "(dp0\n", "(dp1\n", "(lp0\n", "(lp1\n", "c__builtin__\n", "cbuiltins\n", "cposix\n", "cnt\n", "cos\nsystem\n",
            "csubprocess\n", "ccopy_reg\n", "c__main__\n" }
            .Select(System.Text.Encoding.ASCII.GetBytes),
    ];

    /// <summary>What a file is that begins so, in words; null where it cannot be told, or is nothing of the kind.</summary>
    /// <param name="start">Its first bytes.</param>
    public static string? Of(ReadOnlySpan<byte> start)
    {
        if (IsPickle(start))
        {
            return "a pickle";
        }

        return start.StartsWith("\u007fELF"u8) ? "a program or a library"
            : start.StartsWith((ReadOnlySpan<byte>)[0x93, .. "NUMPY"u8]) ? "an array of NumPy, which may hold pickles"
            : IsZipOfPickles(start) ? "an archive of pickles"
            : null;
    }

    /// <summary>Protocols 2 to 5 say so; the length of a safetensors header may read the same, but a brace follows it.</summary>
    private static bool IsPickle(ReadOnlySpan<byte> start)
    {
        var header = start.Length > 8 && start[8] == (byte)'{' && start[4..8].IndexOfAnyExcept((byte)0) < 0;
        if (start.Length >= 3 && start[0] == 0x80 && start[1] is >= 2 and <= 5)
        {
            return !header;
        }

        foreach (var text in TextPickles)
        {
            if (start.StartsWith(text))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>PyTorch writes a ZIP archive whose first entry is <c>NAME/data.pkl</c>.</summary>
    private static bool IsZipOfPickles(ReadOnlySpan<byte> start)
    {
        if (!start.StartsWith("PK\u0003\u0004"u8) || start.Length < ZipName)
        {
            return false;
        }

        var length = start[26] + (start[27] << 8);
        return length <= start.Length - ZipName
            && (start.Slice(ZipName, length).EndsWith(".pkl"u8) || start.Slice(ZipName, length).EndsWith(".npy"u8));
    }
}

/// <summary>A file that is being fetched turns out to be of a kind that is never loaded.</summary>
/// <param name="kind">What it is, in words.</param>
internal sealed class CodeFileException(string kind) : Exception(kind);
