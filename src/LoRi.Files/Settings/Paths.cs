namespace LoRi.Files.Settings;

/// <summary>Paths that mean the same from every folder.</summary>
public static class Paths
{
    /// <summary>The full path; what cannot be a path stays as it is, for whoever opens it.</summary>
    public static string Full(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return path.Length == 0 || path.Contains('\0', StringComparison.Ordinal) ? path : Path.GetFullPath(path);
    }

    /// <summary>The full path of what is there; other names stay.</summary>
    public static string FullWhereThere(string path) => Path.Exists(path) ? Full(path) : path;
}
