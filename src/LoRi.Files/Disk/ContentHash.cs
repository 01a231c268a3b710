using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace LoRi.Files.Disk;

/// <summary>The SHA-256 of what is added, part after part.</summary>
internal sealed class ContentHash : IDisposable
{
    private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    /// <summary>The SHA-256 of a text's UTF-8 bytes, in lower-case hexadecimal.</summary>
    public static string OfText(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    /// <summary>The SHA-256 of all that a stream has left, in lower-case hexadecimal.</summary>
    public static string OfStream(Stream stream) => Convert.ToHexStringLower(SHA256.HashData(stream));

    /// <summary>The SHA-256 of a file's bytes, in lower-case hexadecimal.</summary>
    /// <exception cref="InputException">The file cannot be read.</exception>
    public static string OfFile(string path)
    {
        try
        {
            using var stream = InputFile.Open(path);
            return OfStream(stream);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: cannot be read ({e.Message}); check the path and its permissions", e);
        }
    }

    /// <summary>More bytes.</summary>
    public void Add(ReadOnlySpan<byte> bytes) => hash.AppendData(bytes);

    /// <summary>More numbers, as they lie in memory.</summary>
    public void Add<T>(ReadOnlySpan<T> numbers)
        where T : unmanaged => hash.AppendData(MemoryMarshal.AsBytes(numbers));

    /// <summary>One more number, as it lies in memory.</summary>
    public void Add(int number) => Add<int>([number]);

    /// <summary>A text's UTF-8 bytes.</summary>
    public void Add(string text) => hash.AppendData(Encoding.UTF8.GetBytes(text));

    /// <summary>All that a stream has left.</summary>
    public void Add(Stream stream)
    {
        var buffer = new byte[1 << 20];
        for (var count = stream.Read(buffer); count > 0; count = stream.Read(buffer))
        {
            hash.AppendData(buffer, 0, count);
        }
    }

    /// <summary>The SHA-256 of all that was added, in lower-case hexadecimal; the next one starts from nothing.</summary>
    public string Take() => Convert.ToHexStringLower(hash.GetHashAndReset());

    /// <inheritdoc/>
    public void Dispose() => hash.Dispose();
}
