using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace LoRi.Files.Disk;

/// <summary>
/// What kind of file a path leads to. .NET does not tell pipes and devices from regular files, and its open waits until someone
/// writes to a pipe; Linux is asked itself. Other systems are taken at their word that a file is regular where it can be sought.
/// </summary>
internal static partial class FileKind
{
    private const int KernelCurrentFolder = -100, EmptyPath = 0x1000, TypeOnly = 1, StatSize = 256, ModeOffset = 28;
    private const int ReadOnly = 0, NonBlocking = 0x800, CloseOnExec = 0x80000, NoTerminal = 0x100;
    private const int TypeMask = 0xF000, Regular = 0x8000;

    /// <summary>What a path leads to where it is there and is neither a regular file nor unknown.</summary>
    public static string? Irregular(string path) => OperatingSystem.IsLinux() ? NameOf(Mode(KernelCurrentFolder, path, 0)) : null;

    /// <summary>What an open file is where it is not a regular one.</summary>
    public static string? Irregular(SafeFileHandle handle)
    {
        if (!OperatingSystem.IsLinux())
        {
            return null;
        }

        var held = false;
        try
        {
            handle.DangerousAddRef(ref held);
            return NameOf(Mode((int)handle.DangerousGetHandle(), "", EmptyPath));
        }
        finally
        {
            if (held)
            {
                handle.DangerousRelease();
            }
        }
    }

    /// <summary>Opens a file for reading without waiting for anyone; null where it cannot be opened in this way.</summary>
    public static SafeFileHandle? TryOpen(string path)
    {
        var descriptor = OperatingSystem.IsLinux() ? Open(path, ReadOnly | NonBlocking | CloseOnExec | NoTerminal) : -1;
        return descriptor < 0 ? null : new SafeFileHandle(descriptor, ownsHandle: true);
    }

    private static string? NameOf(int? mode) => (mode & TypeMask) switch
    {
        null or Regular => null,
        0x1000 => "a pipe",
        0x2000 or 0x6000 => "a device",
        0x4000 => "a folder",
        0xC000 => "a socket",
        _ => "no file of a known kind",
    };

    /// <summary>
    /// The type and permissions, whose place is the same on all architectures; null where there is nothing, or the call is not
    /// known.
    /// </summary>
    private static int? Mode(int folder, string path, int flags)
    {
        var stat = new byte[StatSize];
        try
        {
            return Statx(folder, path, flags, TypeOnly, stat) == 0
                ? BinaryPrimitives.ReadUInt16LittleEndian(stat.AsSpan(ModeOffset))
                : null;
        }
        catch (EntryPointNotFoundException)
        {
            return null;
        }
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Statx(int folder, string path, int flags, uint mask, byte[] stat);
}
