using LoRi.Runs.RunFolders;

namespace LoRi.Runs.Training;

/// <summary>What was at a place before a command made its folder there, so that a start that is refused leaves it as it was.</summary>
internal sealed class StartedFolder
{
    private readonly string path;
    private readonly string? topmost;
    private readonly bool wasEmpty;

    private StartedFolder(string path, string? topmost, bool wasEmpty) =>
        (this.path, this.topmost, this.wasEmpty) = (path, topmost, wasEmpty);

    /// <summary>Looks at the place before anything is made there.</summary>
    public static StartedFolder At(string path)
    {
        var full = LoRi.Files.Settings.Paths.Full(path);
        if (Directory.Exists(full))
        {
            return new StartedFolder(full, null, !Directory.EnumerateFileSystemEntries(full).Any());
        }

        var topmost = full;
        while (Path.GetDirectoryName(topmost) is { Length: > 0 } parent && !Directory.Exists(parent))
        {
            topmost = parent;
        }

        return new StartedFolder(full, topmost, false);
    }

    /// <summary>
    /// Removes what the command made, with the folders above that it made too, where it came no further than to its start. The caller
    /// holds the folder's lock.
    /// </summary>
    /// <param name="first">What a start makes before it has any result.</param>
    public void TakeBack(IReadOnlyCollection<string> first)
    {
        if ((topmost is null && !wasEmpty) || !Directory.Exists(path))
        {
            return;
        }

        try
        {
            if (OutputFolder.IsEmpty(path, first))
            {
                Remove();
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A folder that holds no more than a start is not in the way of the next one.
        }
    }

    private void Remove()
    {
        foreach (var entry in Directory.GetDirectories(path))
        {
            Directory.Delete(entry, recursive: true);
        }

        foreach (var entry in Directory.GetFiles(path))
        {
            File.Delete(entry);
        }

        for (var folder = path; topmost is not null && folder.Length >= topmost.Length; folder = Path.GetDirectoryName(folder)!)
        {
            Directory.Delete(folder);
        }
    }
}
