using LoRi.Files.Text;

namespace LoRi.Files.Hub;

/// <summary>
/// Fetches the files of a repository: those that are there already are used, parts of files are gone on with, all are checked.
/// </summary>
public static class HubDownload
{
    /// <summary>Fetches what is missing.</summary>
    /// <param name="options">The Hub's address, the token and the cache's folder.</param>
    /// <param name="request">What is to be fetched.</param>
    /// <param name="screen">Whom to tell of files and bytes.</param>
    /// <returns>The folder in the cache, its commit, its files, and what was left out.</returns>
    /// <exception cref="InputException">
    /// The Hub refuses or cannot be reached, or sends something else than it lists, or the disk is full.
    /// </exception>
    public static DownloadResult Run(HubOptions options, DownloadRequest request, IDownloadScreen screen)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(screen);
        if (RemotePath.Problem(request.Revision) is { } problem)
        {
            throw new InputException($"--revision {MessageText.Quote(request.Revision)}: {problem}; name a branch, a tag or a commit");
        }

        return Run(options with { CacheFolder = Path.GetFullPath(options.CacheFolder) }, request, screen, new HubRetries(options, screen))
            .GetAwaiter().GetResult();
    }

    private static async Task<DownloadResult> Run(HubOptions options, DownloadRequest request, IDownloadScreen screen, HubRetries retries)
    {
        using var client = new HubClient(options, request);
        var listing = await retries.Run(client.List, () => 0).ConfigureAwait(false);
        var selection = FileSelection.Of(listing.Files, request);
        if (selection.LeftOut.Count > 0)
        {
            screen.Line($"left out, as pickles and other frameworks' weights are never loaded: {FileSelection.Names(selection.LeftOut)}");
        }

        IDownloadTarget target = request.Output is null ? new HubCache(options, request, listing.Commit) : new PlainFolder(request.Output);
        var missing = selection.Files.Where(file => !target.TryUse(file)).ToHashSet();
        CheckSpace(options, target, missing);
        screen.Line(
            $"{request.Repository.Name} at {listing.Commit[..8]}: {selection.Files.Count} files, {selection.Files.Count - missing.Count} "
            + "of them already there, "
            + $"{MessageText.Bytes(Total(missing.Select(file => file.Size)))} to fetch");
        var code = new List<RemoteFile>();
        foreach (var file in selection.Files.Where(missing.Contains))
        {
            using var mine = target.Lock(file, screen.Line);
            if (!target.TryUse(file) && !await TryFetch(client, retries, screen, target, file, listing.Commit).ConfigureAwait(false))
            {
                code.Add(file);
            }
        }

        target.Finish();
        return new(
            target.Folder,
            listing.Commit,
            [.. selection.Files.Except(code).Select(file => new DownloadedFile(file, missing.Contains(file)))],
            [.. selection.LeftOut.Concat(code).Select(file => file.Path)]);
    }

    /// <summary>Fetches a file; one that begins as code or a pickle is given up after its first bytes, whatever its name says.</summary>
    private static async Task<bool> TryFetch(
        HubClient client, HubRetries retries, IDownloadScreen screen, IDownloadTarget target, RemoteFile file, string commit)
    {
        try
        {
            await Fetch(client, retries, screen, target, file, commit).ConfigureAwait(false);
            return true;
        }
        catch (CodeFileException e)
        {
            FileActions.Remove(target.PartialPath(file));
            screen.Line($"{file.Path}: left out, it begins as {e.Message}, and files that can run code when loaded are never fetched");
            return false;
        }
    }

    private static async Task Fetch(
        HubClient client, HubRetries retries, IDownloadScreen screen, IDownloadTarget target, RemoteFile file, string commit)
    {
        var path = target.PartialPath(file);
        bool matches;
        using (var part = new PartialFile(path, file))
        {
            var begun = part.Length > 0;
            part.CheckStart();
            screen.Begin(file.Path, file.Size, part.Length);
            await Receive(client, retries, screen, part, file, commit).ConfigureAwait(false);
            if (!part.Matches && begun)
            {
                screen.Line($"{file.Path}: the part that was already there is not of this file; fetching it from the beginning");
                part.Restart();
                await Receive(client, retries, screen, part, file, commit).ConfigureAwait(false);
            }

            matches = part.Matches;
            part.Flush();
        }

        if (!matches)
        {
            FileActions.Remove(path);
            throw new InputException(
                $"{file.Path}: what arrived does not hash to {file.Hash}, which the Hub lists; run the command again, and do not trust "
                + "this endpoint if that persists");
        }

        target.Place(file);
        screen.Finished();
    }

    private static async Task Receive(
        HubClient client, HubRetries retries, IDownloadScreen screen, PartialFile part, RemoteFile file, string commit)
    {
        if (!part.IsWhole)
        {
            await retries.Run(
                async () =>
                {
                    await client.Check(file, commit).ConfigureAwait(false);
                    await client.Receive(file, commit, part, screen.Progress).ConfigureAwait(false);
                    return true;
                },
                () => part.Length).ConfigureAwait(false);
        }
    }

    private static void CheckSpace(HubOptions options, IDownloadTarget target, IReadOnlyCollection<RemoteFile> missing)
    {
        if (missing.Count == 0)
        {
            return;
        }

        var needed = Total(missing.Select(file => file.Size - Arrived(target.PartialPath(file), file)));
        var free = options.FreeSpace(target.Folder);
        if (needed > free)
        {
            throw new InputException(
                $"{target.Folder}: {MessageText.Bytes(needed)} are needed but only {MessageText.Bytes(free)} are free there; "
                + "free some, choose files with --include and --exclude, or another disk with --output or HF_HUB_CACHE");
        }
    }

    /// <summary>A sum of listed sizes, which may be anything.</summary>
    private static long Total(IEnumerable<long> sizes) => (long)decimal.Min(sizes.Sum(size => (decimal)size), long.MaxValue);

    private static long Arrived(string path, RemoteFile file) =>
        FileActions.On(path, () => File.Exists(path) ? long.Min(new FileInfo(path).Length, file.Size) : 0);
}
