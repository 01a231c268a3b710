namespace LoRi.Files.Disk;

/// <summary>Makes folders in one step: a new one is there with all of its files, or not at all.</summary>
internal static class AtomicFolder
{
    /// <summary>Lets <paramref name="write"/> fill a folder beside <paramref name="path"/>, and gives it that name.</summary>
    /// <exception cref="InputException">There is something under that name already, or it cannot be written.</exception>
    public static void Write(string path, Action<string> write)
    {
        ArgumentNullException.ThrowIfNull(write);
        var whole = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        Refuse(path, whole);
        var parent = Path.GetDirectoryName(whole) ?? whole;
        Leftovers.Remove(whole);
        var partial = Leftovers.FolderFor(whole);
        try
        {
            Directory.CreateDirectory(partial);
            using (new FileStream(Path.Combine(partial, Leftovers.LockName), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1,
                FileOptions.DeleteOnClose))
            {
                write(partial);
            }

            FolderFlush.Flush(partial);
            if (Directory.Exists(whole))
            {
                Directory.Delete(whole);
            }

            Directory.Move(partial, whole);
            FolderFlush.Flush(parent);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException(
                $"{path}: cannot be written ({e.Message}); check the folder above it, its permissions and the free space", e);
        }
        finally
        {
            if (Directory.Exists(partial))
            {
                Directory.Delete(partial, recursive: true);
            }
        }
    }

    /// <summary>Refuses a name that is taken; an empty folder is replaced.</summary>
    /// <exception cref="InputException">There is a file, or a folder with something in it.</exception>
    public static void Refuse(string path) => Refuse(path, Path.GetFullPath(path));

    private static void Refuse(string path, string whole)
    {
        if (File.Exists(whole) || (Directory.Exists(whole) && Directory.EnumerateFileSystemEntries(whole).Any()))
        {
            throw new InputException($"--output {path}: there is something already; name a new folder");
        }
    }
}
