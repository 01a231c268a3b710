using System.Globalization;
using System.Text.RegularExpressions;

namespace LoRi.Files.Disk;

/// <summary>
/// What processes of ours that were killed left beside an output: unfinished files and folders, whose names tell the output and the
/// process. The next one that writes the same output removes them.
/// </summary>
internal static partial class Leftovers
{
    /// <summary>A file in a folder that is being made, held open meanwhile.</summary>
    public const string LockName = ".lock";

    /// <summary>The name of an unfinished file beside a path.</summary>
    public static string FileFor(string path) =>
        string.Create(CultureInfo.InvariantCulture, $"{path}.{Environment.ProcessId}-{Guid.NewGuid():N}.tmp");

    /// <summary>The name of an unfinished folder beside a path.</summary>
    public static string FolderFor(string path) => Path.Combine(
        Path.GetDirectoryName(path) ?? path,
        string.Create(CultureInfo.InvariantCulture, $".partial-{Environment.ProcessId}-{Guid.NewGuid():N}-{Path.GetFileName(path)}"));

    /// <summary>Removes what is left of outputs of this path; what cannot be removed stays.</summary>
    public static void Remove(string path)
    {
        try
        {
            var (folder, name) = (Path.GetDirectoryName(path), Path.GetFileName(path));
            foreach (var left in new DirectoryInfo(folder!).EnumerateFileSystemInfos().Where(entry => IsLeft(entry, name)).ToList())
            {
                if (left is DirectoryInfo whole)
                {
                    whole.Delete(recursive: true);
                }
                else
                {
                    left.Delete();
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // They are in nobody's way.
        }
    }

    private static bool IsLeft(FileSystemInfo entry, string name)
    {
        var match = entry is DirectoryInfo ? PartialFolder().Match(entry.Name) : PartialFile().Match(entry.Name);
        return match.Success && match.Groups["name"].Value == name
            && int.TryParse(match.Groups["process"].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var process)
            && !IsRunning(process)
            && !IsHeld(entry is DirectoryInfo ? Path.Combine(entry.FullName, LockName) : entry.FullName);
    }

    private static bool IsRunning(int process)
    {
        try
        {
            using var found = System.Diagnostics.Process.GetProcessById(process);
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    /// <summary>Whether a process holds the file open, be it one of another container, whose number says nothing here.</summary>
    private static bool IsHeld(string path)
    {
        try
        {
            using var opened = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            return false;
        }
        catch (FileNotFoundException)
        {
            return false;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return true;
        }
    }

    [GeneratedRegex(@"\A(?<name>.+)\.(?<process>[0-9]+)-[0-9a-f]{32}\.tmp\z", RegexOptions.CultureInvariant)]
    private static partial Regex PartialFile();

    [GeneratedRegex(@"\A\.partial-(?<process>[0-9]+)-[0-9a-f]{32}-(?<name>.+)\z", RegexOptions.CultureInvariant)]
    private static partial Regex PartialFolder();
}
