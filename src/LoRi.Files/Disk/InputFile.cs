using LoRi.Files.Text;
using Microsoft.Win32.SafeHandles;

namespace LoRi.Files.Disk;

/// <summary>
/// Opens every file that comes from outside: regular files alone, without waiting for the other end of a pipe, and reads them with
/// a limit, as neither the name nor the length that the system states says what is there.
/// </summary>
internal static class InputFile
{
    /// <summary>The largest file of lines that is read as a whole, in bytes: some ten million lines of measurements or answers.</summary>
    public const long LargestLog = 1L << 29;

    private const int BlockSize = 1 << 16;

    /// <summary>A handle for reading a regular file.</summary>
    /// <exception cref="InputException">There is nothing, something that is no regular file, or it may not be read.</exception>
    public static SafeFileHandle OpenHandle(string path)
    {
        CheckKind(path, Directory.Exists(path) ? "a folder" : FileKind.Irregular(path));
        return On(path, () =>
        {
            // Where the first way fails, the second says why.
            var handle = FileKind.TryOpen(path) ?? File.OpenHandle(path);
            if (FileKind.Irregular(handle) is { } kind)
            {
                handle.Dispose();
                CheckKind(path, kind);
            }

            return handle;
        });
    }

    /// <summary>A stream over a regular file; what the disk objects to while it is read is an <see cref="IOException"/>.</summary>
    /// <exception cref="InputException">As for <see cref="OpenHandle"/>.</exception>
    public static FileStream Open(string path)
    {
        var handle = OpenHandle(path);
        try
        {
            var stream = On(path, () => new FileStream(handle, FileAccess.Read, BlockSize));
            return stream.CanSeek ? stream : throw Refused(path, "a pipe");
        }
        catch (InputException)
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>All bytes of a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="largest">How many it may have.</param>
    /// <exception cref="InputException">It cannot be read, or has more.</exception>
    public static byte[] ReadBytes(string path, long largest)
    {
        using var stream = Open(path);
        return On(path, () =>
        {
            // The stated length is 0 for the files of /proc, and may be anything by the time of the last byte.
            CheckLength(path, stream.Length, largest);
            var bytes = new byte[stream.Length + 1];
            var count = 0;
            for (int read; (read = stream.Read(bytes, count, bytes.Length - count)) > 0;)
            {
                count += read;
                CheckLength(path, count, largest);
                if (count == bytes.Length)
                {
                    Array.Resize(ref bytes, (int)long.Min(Array.MaxLength, System.Math.Max(4096, 2L * count)));
                }
            }

            return count == bytes.Length ? bytes : bytes[..count];
        });
    }

    /// <summary>The first bytes of a file, fewer where it has fewer.</summary>
    /// <exception cref="InputException">It cannot be read.</exception>
    public static byte[] Start(string path, int bytes)
    {
        using var stream = Open(path);
        var start = new byte[bytes];
        return On(path, () => start[..stream.ReadAtLeast(start, bytes, throwOnEndOfStream: false)]);
    }

    /// <summary>A look at a file, with what the system objects to turned into an <see cref="InputException"/>.</summary>
    /// <exception cref="InputException">The system objects.</exception>
    public static T On<T>(string path, Func<T> look)
    {
        try
        {
            return look();
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new InputException($"{path}: there is no such file; check the path", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new InputException($"{path}: cannot be read ({e.Message}); check that it is a regular file and its permissions", e);
        }
    }

    private static void CheckLength(string path, long length, long largest)
    {
        if (length > largest)
        {
            throw new InputException(
                $"{path}: has more than the {MessageText.Bytes(largest)} that such a file may have; check that it is the right file");
        }
    }

    private static void CheckKind(string path, string? kind)
    {
        if (kind is not null)
        {
            throw Refused(path, kind);
        }
    }

    private static InputException Refused(string path, string kind) => new(kind == "a folder"
        ? $"{path}: is a folder where a file is needed; name the file"
        : $"{path}: is {kind}, not a regular file; write what it holds to a file first");
}
