using LoRi.Files.Disk;

namespace LoRi.Files.Hub;

/// <summary>What is done to files of a download; whatever the system objects to becomes an <see cref="InputException"/>.</summary>
internal static class FileActions
{
    /// <summary>The result of some work on a path.</summary>
    public static T On<T>(string path, Func<T> work)
    {
        try
        {
            return work();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException(
                $"{path}: cannot be read or written ({e.Message}); check the folder, its permissions and the free space", e);
        }
    }

    /// <summary>Moves a file over another, and makes that durable.</summary>
    public static void Rename(string from, string to) => On(to, () =>
    {
        File.Move(from, to, overwrite: true);
        FolderFlush.Flush(Path.GetDirectoryName(to)!);
        return to;
    });

    /// <summary>Removes whatever is called so: a file, or a link, also one to nowhere.</summary>
    public static void Remove(string path) => On(path, () =>
    {
        File.Delete(path);
        return path;
    });
}
