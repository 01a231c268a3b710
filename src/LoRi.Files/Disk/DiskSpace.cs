namespace LoRi.Files.Disk;

/// <summary>Free space of file systems.</summary>
internal static class DiskSpace
{
    /// <summary>Bytes that this user may still write where a folder is or will be.</summary>
    /// <exception cref="InputException">The system does not tell.</exception>
    public static long Free(string folder)
    {
        var there = Path.GetFullPath(folder);
        while (!Directory.Exists(there) && Path.GetDirectoryName(there) is { } above)
        {
            there = above;
        }

        try
        {
            return new DriveInfo(OperatingSystem.IsWindows() ? Path.GetPathRoot(there)! : there).AvailableFreeSpace;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new InputException(
                $"{folder}: the system does not tell the free space there ({e.Message}); name a folder on an ordinary disk", e);
        }
    }
}
