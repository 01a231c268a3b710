using LoRi.Files;
using LoRi.Files.Disk;

namespace LoRi.Runs.RunFolders;

/// <summary>The folder of <c>--output</c>: refused where it holds something already, and kept to one process at a time.</summary>
internal static class OutputFolder
{
    /// <summary>The file that a process holds open while it writes the folder.</summary>
    private const string LockFile = ".lock";

    /// <summary>Makes the folder if need be and gives its full path.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="resume">Whether it may hold something.</param>
    /// <param name="first">
    /// What a start makes before it has any result: a folder that holds nothing else, and was locked once, is one that failed at
    /// the start, and stands for an empty one. Folders among them must hold no file.
    /// </param>
    /// <param name="isOwn">Whether a folder that holds something is one that can be resumed, whatever its state.</param>
    /// <exception cref="InputException">
    /// It is a file, cannot be made, holds something and <paramref name="resume"/> was not asked for, or holds something else.
    /// </exception>
    public static string Open(string path, bool resume, IReadOnlyCollection<string> first, Func<string, bool> isOwn)
    {
        if (File.Exists(path))
        {
            throw new InputException($"--output {path}: is a file; name a folder");
        }

        try
        {
            if (!resume && Directory.Exists(path) && !IsEmpty(path, first))
            {
                throw new InputException($"--output {path}: the folder is not empty; continue with --resume, or name another folder");
            }

            if (resume && Directory.Exists(path) && !IsEmpty(path, first) && !isOwn(path))
            {
                throw new InputException(
                    $"--resume {path}: the folder "
                    + $"holds {Path.GetFileName(Directory.EnumerateFileSystemEntries(path).Order(StringComparer.Ordinal).First())}, but "
                    + "nothing that this command could resume; name another --output");
            }

            return Directory.CreateDirectory(path).FullName;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException(
                $"--output {path}: cannot be made ({e.Message.TrimEnd('.')}); name a folder in a place that can be written", e);
        }
    }

    /// <summary>Whether a folder holds nothing but what a start makes before it has any result.</summary>
    internal static bool IsEmpty(string path, IReadOnlyCollection<string> first)
    {
        var entries = Directory.GetFileSystemEntries(path);
        return entries.All(entry => Path.GetFileName(entry) == LockFile)
            || (File.Exists(Path.Combine(path, LockFile))
                && entries.All(
                    entry => Path.GetFileName(entry) == LockFile || (first.Contains(Path.GetFileName(entry)) && HasNoFile(entry))));
    }

    private static bool HasNoFile(string entry) =>
        File.Exists(entry) || !Directory.EnumerateFiles(entry, "*", SearchOption.AllDirectories).Any();

    /// <summary>
    /// Keeps other processes out of the folder until the result is disposed, or the process ends however it ends, and removes
    /// the files that a process that was killed did not finish.
    /// </summary>
    /// <param name="folder">The folder.</param>
    /// <param name="clean">Removes what else such a process may have left; null for nothing.</param>
    /// <exception cref="InputException">Another process is in there.</exception>
    public static IDisposable Lock(string folder, Action? clean = null)
    {
        try
        {
            var held = FileLock.TryOpen(Path.Combine(folder, LockFile))
                ?? throw new InputException(
                    $"--output {folder}: another process is writing this run; wait for it, or name another folder");
            AtomicFile.RemoveLeft(folder, SearchOption.TopDirectoryOnly);
            clean?.Invoke();
            return held;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"--output {folder}: cannot be written ({e.Message}); check its permissions", e);
        }
    }
}
