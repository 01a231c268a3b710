namespace LoRi.Files.Hub;

/// <summary>A file of a repository, as its listing describes it.</summary>
/// <param name="Path">Its path within the repository; checked, see <see cref="RemotePath"/>.</param>
/// <param name="Size">Its bytes.</param>
/// <param name="Hash">What its content must hash to: 64 hexadecimal digits for SHA-256, 40 for the SHA-1 of a git blob.</param>
public sealed record RemoteFile(string Path, long Size, string Hash)
{
    /// <summary>Whether a text is a hash of one of the two kinds.</summary>
    internal static bool IsHash(string? text) =>
        text is { Length: 40 or 64 } && text.All(c => c is (>= '0' and <= '9') or (>= 'a' and <= 'f'));
}
