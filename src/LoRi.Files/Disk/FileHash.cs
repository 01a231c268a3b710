using System.Security.Cryptography;

namespace LoRi.Files.Disk;

/// <summary>Hashes of files.</summary>
internal static class FileHash
{
    /// <summary>The SHA-256 of a file's bytes, in lower-case hexadecimal.</summary>
    /// <exception cref="InputException">The file cannot be read.</exception>
    public static string Sha256(string path)
    {
        try
        {
            using var stream = InputFile.Open(path);
            return Convert.ToHexStringLower(SHA256.HashData(stream));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: cannot be read ({e.Message}); check the path and its permissions", e);
        }
    }
}
