namespace LoRi.Files.Settings;

/// <summary>Paths that mean the same from every folder.</summary>
public static class Paths
{
    /// <summary>The full path; what cannot be a path stays as it is, for whoever opens it.</summary>
    /// <param name="path">A path as a user writes it, relative to the current folder or not.</param>
    public static string Full(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return path.Length == 0 || path.Contains('\0', StringComparison.Ordinal) ? path : Path.GetFullPath(path);
    }

    /// <summary>The full path of what is there; other names stay.</summary>
    /// <param name="path">A path, or a name such as <c>OWNER/NAME</c>.</param>
    public static string FullWhereThere(string path) => Path.Exists(path) ? Full(path) : path;
}
