using System.Text;
using LoRi.Files.Disk;

namespace LoRi.Files.Hub;

/// <summary>
/// The cache that the Hub's tools share: <c>blobs</c> by hash, <c>snapshots</c> by commit, whose files are links to blobs, and
/// <c>refs</c> from branches and tags to commits.
/// </summary>
internal sealed class HubCache : IDownloadTarget
{
    /// <summary>More bytes than the name of a commit has.</summary>
    private const int LongestReference = 100;

    private static readonly TimeSpan longestWait = TimeSpan.FromHours(1);

    private readonly HubOptions options;
    private readonly DownloadRequest request;
    private readonly string repository;
    private readonly string commit;

    internal HubCache(HubOptions options, DownloadRequest request, string commit)
    {
        (this.options, this.request, this.commit) = (options, request, commit);
        repository = RepositoryFolder(options.CacheFolder, request.Repository);
        Folder = Path.Combine(repository, "snapshots", commit);
    }

    /// <inheritdoc/>
    public string Folder { get; }

    /// <summary>
    /// The folder of a repository's files in a cache: of the branch <c>main</c>, else the only snapshot there is; null where there is
    /// none. No network is used.
    /// </summary>
    public static string? FindSnapshot(string cacheFolder, RepositoryId repository)
    {
        ArgumentNullException.ThrowIfNull(repository);
        var folder = RepositoryFolder(Path.GetFullPath(cacheFolder), repository);
        var (main, snapshots) = (Path.Combine(folder, "refs", "main"), Path.Combine(folder, "snapshots"));
        return FileActions.On(folder, () =>
        {
            var commit = File.Exists(main) ? Encoding.UTF8.GetString(InputFile.Start(main, LongestReference)).Trim() : null;
            if (commit is not null && RemoteFile.IsHash(commit) && Directory.Exists(Path.Combine(snapshots, commit)))
            {
                return Path.Combine(snapshots, commit);
            }

            var all = Directory.Exists(snapshots) ? Directory.GetDirectories(snapshots) : [];
            return all.Length == 1 ? all[0] : null;
        });
    }

    /// <inheritdoc/>
    bool IDownloadTarget.TryUse(RemoteFile file)
    {
        var (blob, path) = (Blob(file), Snapshot(file));
        if (IsGood(path, file))
        {
            return true;
        }

        if (!IsGood(blob, file))
        {
            return false;
        }

        Link(file);
        return true;
    }

    /// <inheritdoc/>
    string IDownloadTarget.PartialPath(RemoteFile file) => Blob(file) + PartialFile.Ending;

    /// <inheritdoc/>
    IDisposable IDownloadTarget.Lock(RemoteFile file, Action<string> note)
    {
        AtomicFile.CreateFolder(Path.Combine(repository, "blobs"));
        var path = Path.Combine(options.CacheFolder, ".locks", request.Repository.CacheFolder, file.Hash + ".lock");
        try
        {
            return FileLock.Wait(path, note, "another program is fetching the same file", longestWait);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException(
                $"{path}: cannot be locked ({e.Message}); check the folder's permissions, and that no other program hangs while it "
                + "fetches", e);
        }
    }

    /// <inheritdoc/>
    void IDownloadTarget.Place(RemoteFile file)
    {
        FileActions.Rename(Blob(file) + PartialFile.Ending, Blob(file));
        Link(file);
    }

    /// <inheritdoc/>
    void IDownloadTarget.Finish()
    {
        if (request.Revision != commit)
        {
            var path = Path.Combine([repository, "refs", .. request.Revision.Split('/')]);
            AtomicFile.CreateFolder(Path.GetDirectoryName(path)!);
            AtomicFile.WriteText(path, commit);
        }
    }

    private static string RepositoryFolder(string cacheFolder, RepositoryId repository) =>
        Path.Combine(cacheFolder, repository.CacheFolder);

    private string Blob(RemoteFile file) => Path.Combine(repository, "blobs", file.Hash);

    private string Snapshot(RemoteFile file) => Path.Combine([Folder, .. file.Path.Split('/')]);

    /// <summary>A blob's name is its hash, and only checked files get one: its size tells whether it is whole.</summary>
    private bool IsGood(string path, RemoteFile file) => FileActions.On(path, () =>
    {
        if (!File.Exists(path))
        {
            return false;
        }

        var target = new FileInfo(path).ResolveLinkTarget(returnFinalTarget: true) ?? new FileInfo(path);
        return target is FileInfo there && there.Length == file.Size && (!request.Verify || BlobHash.IsOf(there.FullName, file));
    });

    /// <summary>Shows a blob under the file's name: by a link within the cache, else by a copy.</summary>
    private void Link(RemoteFile file)
    {
        var path = Snapshot(file);
        AtomicFile.CreateFolder(Path.GetDirectoryName(path)!);
        FileActions.Remove(path);
        if (options.Links && TryLink(path, Path.GetRelativePath(Path.GetDirectoryName(path)!, Blob(file))))
        {
            return;
        }

        FileActions.On(path, () =>
        {
            File.Copy(Blob(file), path + PartialFile.Ending, overwrite: true);
            return path;
        });
        FileActions.Rename(path + PartialFile.Ending, path);
    }

    private static bool TryLink(string path, string target)
    {
        try
        {
            File.CreateSymbolicLink(path, target);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or PlatformNotSupportedException)
        {
            return false;
        }
    }
}
