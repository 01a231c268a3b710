namespace LoRi.Files.Hub;

/// <summary>
/// A file that is being fetched. What an earlier attempt left is kept and gone on with; its hash is computed as it grows.
/// </summary>
internal sealed class PartialFile : IDisposable
{
    /// <summary>How the names of unfinished files end, here and in the Hub's other tools.</summary>
    public const string Ending = ".incomplete";

    private readonly string path;
    private readonly RemoteFile file;
    private readonly FileStream stream;
    private readonly BlobHash hash;
    private readonly byte[] start = new byte[CodeFormat.Enough];
    private int begun;

    /// <summary>Opens what is there, or begins.</summary>
    /// <exception cref="InputException">The file cannot be written, or another program writes it.</exception>
    public PartialFile(string path, RemoteFile file)
    {
        (this.path, this.file) = (path, file);
        hash = new BlobHash(file);
        try
        {
            stream = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 0);
            if (stream.Length > file.Size)
            {
                stream.SetLength(0);
            }

            hash.AppendAll(stream);
            Length = stream.Length;
            stream.Position = 0;
            begun = stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
            stream.Position = Length;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            stream?.Dispose();
            hash.Dispose();
            throw new InputException(
                $"{path}: cannot be written ({e.Message}); another program may be fetching it, else check the folder's permissions", e);
        }
    }

    /// <summary>Bytes that have arrived.</summary>
    public long Length { get; private set; }

    /// <summary>Whether all bytes have arrived.</summary>
    public bool IsWhole => Length == file.Size;

    /// <summary>Whether the content is the listed one.</summary>
    public bool Matches => IsWhole && hash.Matches;

    /// <summary>Refuses a file that begins as one that can run code when it is loaded.</summary>
    /// <exception cref="CodeFileException">It does.</exception>
    public void CheckStart()
    {
        if (CodeFormat.Of(start.AsSpan(0, begun)) is { } kind)
        {
            throw new CodeFileException(kind);
        }
    }

    /// <summary>Adds bytes that have arrived.</summary>
    /// <exception cref="CodeFileException">The file begins as one that can run code.</exception>
    /// <exception cref="InputException">They are more than the listing says, or cannot be written.</exception>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > file.Size - Length)
        {
            throw new InputException(
                $"{file.Path}: the server sends more than the {file.Size} bytes that it lists; try again later, or do not trust this "
                + "repository");
        }

        if (begun < start.Length)
        {
            var taken = int.Min(bytes.Length, start.Length - begun);
            bytes[..taken].CopyTo(start.AsSpan(begun));
            begun += taken;
            CheckStart();
        }

        hash.Append(bytes);
        try
        {
            stream.Write(bytes);
        }
        catch (IOException e)
        {
            throw Unwritable(e);
        }

        Length += bytes.Length;
    }

    /// <summary>Starts over.</summary>
    public void Restart()
    {
        OnDisk(() =>
        {
            stream.SetLength(0);
            stream.Position = 0;
        });
        hash.Restart();
        (Length, begun) = (0, 0);
    }

    /// <summary>Makes the content durable.</summary>
    public void Flush() => OnDisk(() => stream.Flush(flushToDisk: true));

    /// <inheritdoc/>
    public void Dispose()
    {
        stream.Dispose();
        hash.Dispose();
    }

    private void OnDisk(Action act)
    {
        try
        {
            act();
        }
        catch (IOException e)
        {
            throw Unwritable(e);
        }
    }

    private InputException Unwritable(IOException e) =>
        new($"{path}: cannot be written ({e.Message}); free some space, then run the same command again: it resumes where it stopped", e);
}
