using System.Text.RegularExpressions;

namespace LoRi.Files.Disk;

/// <summary>Replaces files in one step, so that an interruption never leaves half a file.</summary>
internal static partial class AtomicFile
{
    /// <summary>Writes text as UTF-8.</summary>
    public static void WriteText(string path, string text) => Write(path, stream => stream.Write(System.Text.Encoding.UTF8.GetBytes(text)));

    /// <summary>Makes sure that a folder exists.</summary>
    public static void CreateFolder(string path)
    {
        try
        {
            Directory.CreateDirectory(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: cannot be created ({e.Message}); check the path and its permissions", e);
        }
    }

    /// <summary>
    /// Removes the temporary files that a process of ours that was killed left in a folder; whatever else ends in <c>.tmp</c> is not ours.
    /// </summary>
    /// <param name="folder">The folder.</param>
    /// <param name="search">Whether folders below it count.</param>
    public static void RemoveLeft(string folder, SearchOption search)
    {
        foreach (var left in Directory.EnumerateFiles(folder, "*.tmp", search).Where(IsUnfinished).ToList())
        {
            File.Delete(left);
        }
    }

    /// <summary>Whether a file is one that is being written, or that was when its process was killed.</summary>
    public static bool IsUnfinished(string path) => Temporary().IsMatch(path);

    /// <summary>Writes a temporary file beside <paramref name="path"/>, flushes it to disk and renames it.</summary>
    public static void Write(string path, Action<Stream> write)
    {
        Leftovers.Remove(Path.GetFullPath(path));
        var temporary = Leftovers.FileFor(path);
        try
        {
            using (FileStream stream = new(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: true);
            FolderFlush.Flush(Path.GetDirectoryName(Path.GetFullPath(path))!);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: cannot be written ({e.Message}); check the folder, its permissions and the free space", e);
        }
        finally
        {
            if (File.Exists(temporary))
            {
                File.Delete(temporary);
            }
        }
    }

    [GeneratedRegex(@"[.-]([0-9]+-)?[0-9a-f]{32}\.tmp\z", RegexOptions.CultureInvariant)]
    private static partial Regex Temporary();
}
