using System.Text;

namespace LoRi.Files.Disk;

/// <summary>
/// What a file is by its first bytes, where something else was wanted: all that real users have named by mistake, in one place.
/// </summary>
internal static class FileCause
{
    private static readonly (int At, byte[] Magic, string What)[] Known =
    [
        (0, [0x1F, 0x8B], "compressed with gzip: unpack it with gunzip"),
        (0, [0x28, 0xB5, 0x2F, 0xFD], "compressed with zstd: unpack it with unzstd"),
        (0, [0xFD, .. "7zXZ\0"u8], "compressed with xz: unpack it with unxz"),
        (0, "BZh"u8.ToArray(), "compressed with bzip2: unpack it with bunzip2"),
        (0, [0x04, 0x22, 0x4D, 0x18], "compressed with lz4: unpack it with unlz4"),
        (0, "PK\x03\x04"u8.ToArray(),
            "a zip archive, or an office or PyTorch file that is one: unpack it, or save what it holds in another form"),
        (0, [0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C], "a 7-Zip archive: unpack it"),
        (0, "Rar!"u8.ToArray(), "a RAR archive: unpack it"),
        (257, "ustar"u8.ToArray(), "a tar archive: unpack it"),
        (0, "%PDF"u8.ToArray(), "a PDF document: name a file of data"),
        (0, [0x89, .. "PNG"u8], "a picture: name a file of data"),
        (0, [0xFF, 0xD8, 0xFF], "a picture: name a file of data"),
        (0, [0x7F, .. "ELF"u8], "a program: name a file of data"),
        (0, "PAR1"u8.ToArray(), "a Parquet file: name it where data are wanted, as --format parquet"),
        (0, "GGUF"u8.ToArray(), "a GGUF model: name it where a model is wanted, with the ending .gguf"),
        (0, "ARROW1"u8.ToArray(), "an Arrow file: save it as Parquet or JSON lines"),
        (0, "ORC"u8.ToArray(), "an ORC file: save it as Parquet or JSON lines"),
        (0, [.. "Obj"u8, 1], "an Avro file: save it as Parquet or JSON lines"),
        (0, "SQLite format 3"u8.ToArray(), "an SQLite database: save the table as Parquet or JSON lines"),
        (0, [0x89, .. "HDF"u8], "an HDF5 file: save it as Parquet or JSON lines"),
        (0, [0x93, .. "NUMPY"u8], "a NumPy array: save it as Parquet or JSON lines"),
        (0, [0x80, 2, 0x7D], "a pickle, which is never opened: save it as safetensors, Parquet or JSON lines"),
        (0, [0x80, 4, 0x95], "a pickle, which is never opened: save it as safetensors, Parquet or JSON lines"),
        (0, [0x80, 5, 0x95], "a pickle, which is never opened: save it as safetensors, Parquet or JSON lines"),
        (0, [0xFF, 0xFE], "text in UTF-16 or UTF-32: save it in UTF-8"),
        (0, [0xFE, 0xFF], "text in UTF-16: save it in UTF-8"),
        (0, [0, 0, 0xFE, 0xFF], "text in UTF-32: save it in UTF-8"),
        (0, [(byte)'{', 0], "text in UTF-16: save it in UTF-8"),
        (0, [(byte)'[', 0], "text in UTF-16: save it in UTF-8"),
        (0, [0, (byte)'{'], "text in UTF-16: save it in UTF-8"),
        (0, [0, (byte)'['], "text in UTF-16: save it in UTF-8"),
        (0, "version https://git-lfs"u8.ToArray(),
            "a pointer of git LFS and not the file itself: fetch it with git lfs pull or lori download"),
    ];

    /// <summary>How many bytes <see cref="Of"/> looks at.</summary>
    public const int Looked = 512;

    /// <summary>
    /// What a file is and what to do about it, as the end of a sentence about it; null where its first bytes tell nothing.
    /// </summary>
    /// <param name="start">The first bytes; more than <see cref="Looked"/> do not matter.</param>
    public static string? Of(ReadOnlySpan<byte> start)
    {
        foreach (var (at, magic, what) in Known)
        {
            if (start.Length > at && start[at..].StartsWith(magic))
            {
                return what;
            }
        }

        var text = Encoding.UTF8.GetString(start[..int.Min(start.Length, Looked)]).TrimStart('\ufeff', ' ', '\t', '\r', '\n');
        return text.StartsWith("<!doctype html", StringComparison.OrdinalIgnoreCase)
            || text.StartsWith("<html", StringComparison.OrdinalIgnoreCase)
            ? "a web page, perhaps an error message in place of the file: fetch it again"
            : null;
    }
}
