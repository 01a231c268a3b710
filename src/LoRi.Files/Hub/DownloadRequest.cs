namespace LoRi.Files.Hub;

/// <summary>What is to be fetched from the Hub.</summary>
/// <param name="Repository">The repository.</param>
public sealed record DownloadRequest(RepositoryId Repository)
{
    /// <summary>A branch, a tag, a commit, or <c>refs/pr/N</c>.</summary>
    public string Revision { get; init; } = "main";

    /// <summary>Only files that one of these patterns matches; all files where there are none.</summary>
    public IReadOnlyList<string> Include { get; init; } = [];

    /// <summary>No files that one of these patterns matches.</summary>
    public IReadOnlyList<string> Exclude { get; init; } = [];

    /// <summary>A plain folder for the files; null for the cache that the Hub's tools share.</summary>
    public string? Output { get; init; }

    /// <summary>Whether files that are in the cache already are read and hashed again, instead of trusting their size.</summary>
    public bool Verify { get; init; }
}

/// <summary>A file that is in place after a download.</summary>
/// <param name="File">The file.</param>
/// <param name="Fetched">Whether it was fetched now; false where it was there before.</param>
public sealed record DownloadedFile(RemoteFile File, bool Fetched);

/// <summary>What a download left.</summary>
/// <param name="Folder">The folder with all files under their names.</param>
/// <param name="Commit">The commit that they are of.</param>
/// <param name="Files">The files.</param>
/// <param name="LeftOut">Files that are of a kind that is never fetched.</param>
public sealed record DownloadResult(string Folder, string Commit, IReadOnlyList<DownloadedFile> Files, IReadOnlyList<string> LeftOut);
