using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using LoRi.Files.Disk;

namespace LoRi.Files.Hub;

/// <summary>The hash of a file's content, of the kind that its listing gives: SHA-256, or the SHA-1 of a git blob.</summary>
internal sealed class BlobHash : IDisposable
{
    private readonly RemoteFile file;
    private readonly IncrementalHash hash;

    /// <summary>The hash of nothing yet.</summary>
    public BlobHash(RemoteFile file)
    {
        this.file = file;
        hash = IncrementalHash.CreateHash(file.Hash.Length == 64 ? HashAlgorithmName.SHA256 : HashAlgorithmName.SHA1);
        Begin();
    }

    /// <summary>Whether what was appended is the file.</summary>
    public bool Matches => Convert.ToHexStringLower(hash.GetCurrentHash()) == file.Hash;

    /// <summary>Whether a file on disk has the listed content.</summary>
    public static bool IsOf(string path, RemoteFile file)
    {
        using var hash = new BlobHash(file);
        using var stream = InputFile.Open(path);
        return stream.Length == file.Size && hash.AppendAll(stream).Matches;
    }

    /// <summary>More of the content.</summary>
    public void Append(ReadOnlySpan<byte> content) => hash.AppendData(content);

    /// <summary>All that a stream has left.</summary>
    public BlobHash AppendAll(Stream stream)
    {
        var buffer = new byte[1 << 20];
        for (var count = stream.Read(buffer); count > 0; count = stream.Read(buffer))
        {
            Append(buffer.AsSpan(0, count));
        }

        return this;
    }

    /// <summary>Forgets what was appended.</summary>
    public void Restart()
    {
        hash.GetHashAndReset();
        Begin();
    }

    /// <inheritdoc/>
    public void Dispose() => hash.Dispose();

    private void Begin()
    {
        if (file.Hash.Length != 64)
        {
            hash.AppendData(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"blob {file.Size}\0")));
        }
    }
}
