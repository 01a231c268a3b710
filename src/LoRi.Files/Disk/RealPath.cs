namespace LoRi.Files.Disk;

/// <summary>Paths without links, so that two names of one folder are told to be one.</summary>
internal static class RealPath
{
    private const int MostLinks = 40;

    /// <summary>The full path with every link on the way resolved; a link that leads nowhere stays as it is.</summary>
    public static string Of(string path) => Resolved(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)), MostLinks);

    private static string Resolved(string path, int left)
    {
        if (Path.GetDirectoryName(path) is not { } parent)
        {
            return path;
        }

        var here = Path.Combine(Resolved(parent, left), Path.GetFileName(path));
        return left > 0 && TargetOf(here) is { } target ? Resolved(Path.TrimEndingDirectorySeparator(target), left - 1) : here;
    }

    private static string? TargetOf(string path)
    {
        try
        {
            return new DirectoryInfo(path).ResolveLinkTarget(returnFinalTarget: false)?.FullName;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
