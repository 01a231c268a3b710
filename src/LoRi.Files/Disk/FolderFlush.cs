using System.Runtime.InteropServices;

namespace LoRi.Files.Disk;

/// <summary>Makes renames within a folder survive a loss of power; .NET can flush files, but not folders.</summary>
internal static partial class FolderFlush
{
    /// <summary>Flushes a folder's entries to disk; does nothing where the system has no such call or refuses it.</summary>
    public static void Flush(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        var descriptor = Open(folder, 0);
        if (descriptor >= 0)
        {
            // Some file systems cannot flush folders; their renames are durable as far as they go.
            _ = Sync(descriptor);
            _ = Close(descriptor);
        }
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync")]
    private static partial int Sync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
