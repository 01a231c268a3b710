using System.Runtime.InteropServices;
using LoRi.Files;
using Microsoft.Win32.SafeHandles;

namespace LoRi.Models.Native;

/// <summary>
/// TorchSharp's native file as this system can load it: itself, or, where the C++ runtime is older than the one it was
/// linked with, a copy with the edits of <see cref="ElfPatch"/>. The copy never has a name that another user could put something else
/// under: it lies in memory, or, where the system has no such files, in a file that is unlinked before it is loaded.
/// </summary>
/// <param name="Path">The file that came with the program.</param>
/// <param name="Copy">The adapted content; null where the file itself is loaded.</param>
/// <param name="Reason">Why it is adapted, or why not.</param>
internal sealed partial record AdaptedLibrary(string Path, byte[]? Copy, string Reason)
{
    private const uint CloseOnExec = 1;
    private static int loads;

    private string Name => System.IO.Path.GetFileName(Path);

    /// <summary>What is to be loaded for <paramref name="original"/>.</summary>
    internal static AdaptedLibrary For(string original)
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64)
        {
            return new AdaptedLibrary(original, null, "not needed on this platform");
        }
        return SystemRuntimeIsNewEnough()
            ? new AdaptedLibrary(original, null, $"not needed: the system's libstdc++ has {ElfPatch.MissingVersion}")
            : new AdaptedLibrary(original, ElfPatch.Apply(File.ReadAllBytes(original), original),
                $"the system's libstdc++ lacks {ElfPatch.MissingVersion}");
    }

    /// <summary>Loads it and gives its handle.</summary>
    /// <exception cref="InputException">It does not load, or there is no place for the copy.</exception>
    internal nint Load() =>
        Copy is null ? NativeRuntime.LoadFile(Path, Path) : TryLoadFromMemory() ?? LoadFromFolder(System.IO.Path.GetTempPath());

    /// <summary>Loads the copy from memory; null where the system has no files there, or does not run what is in them.</summary>
    internal nint? TryLoadFromMemory()
    {
        try
        {
            using var file = new SafeFileHandle(CreateMemoryFile(Name, CloseOnExec), ownsHandle: true);
            return file.IsInvalid ? null : LoadOpened(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or EntryPointNotFoundException or InputException)
        {
            return null;
        }
    }

    /// <summary>Loads the copy from a new file in a folder; the file is gone when this returns.</summary>
    /// <exception cref="InputException">The folder cannot be written to, or the copy does not load.</exception>
    internal nint LoadFromFolder(string folder)
    {
        var path = System.IO.Path.Combine(folder, $".{Name}.{Guid.NewGuid():N}");
        var options =
            new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.ReadWrite,
                Share = FileShare.ReadWrite | FileShare.Delete
            };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }
        try
        {
            using var file = new FileStream(path, options);
            File.Delete(path);
            return LoadOpened(file.SafeFileHandle);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException(
                $"{folder}: cannot be written to ({e.Message}), and {Name} needs an adapted copy there, as {Reason}; set TMPDIR to a "
                + "folder with some megabytes of room", e);
        }
    }

    /// <summary>
    /// What is loaded is the open file, whatever its name may lead to by now. The loader takes a name that it has loaded before for
    /// the same library, and numbers of files come back: every load has a name of its own.
    /// </summary>
    private nint LoadOpened(SafeFileHandle file)
    {
        RandomAccess.Write(file, Copy, 0);
        var own = string.Concat(Enumerable.Repeat("./", Interlocked.Increment(ref loads)));
        return NativeRuntime.LoadFile($"/proc/self/fd/{own}{file.DangerousGetHandle()}", Path);
    }

    private static bool SystemRuntimeIsNewEnough()
    {
        // Where there is no such library at all, loading the original says so better than anything here could.
        return !NativeLibrary.TryLoad("libstdc++.so.6", out var handle)
            || NativeLibrary.TryGetExport(handle, ElfPatch.MissingSymbol, out _);
    }

    [LibraryImport("libc", EntryPoint = "memfd_create", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int CreateMemoryFile(string name, uint flags);
}
