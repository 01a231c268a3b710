using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Security.Cryptography;

namespace LoRi.Training;

/// <summary>
/// TorchSharp's native file as this system can load it: itself, or, where the C++ runtime is older than the one it was
/// linked with, a copy with the edits of <see cref="ElfPatch"/> in the user's cache folder.
/// </summary>
internal sealed record AdaptedLibrary(string Path, bool Adapted, string Reason)
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private string? TemporaryFolder { get; init; }

    /// <summary>The file to load in place of <paramref name="original"/>.</summary>
    internal static AdaptedLibrary For(string original, string? cacheFolder)
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64)
            return new AdaptedLibrary(original, false, "not needed on this platform");
        if (SystemRuntimeIsNewEnough())
            return new AdaptedLibrary(original, false, $"not needed: the system's libstdc++ has {ElfPatch.MissingVersion}");
        var bytes = File.ReadAllBytes(original);
        var patched = ElfPatch.Apply(bytes, original);
        var reason = $"the system's libstdc++ lacks {ElfPatch.MissingVersion}";
        var folder = System.IO.Path.Combine(
            cacheFolder ?? UserCache(), "lori", "native", Convert.ToHexStringLower(SHA256.HashData(bytes)));
        var fileName = System.IO.Path.GetFileName(original);
        if (TryWrite(folder, fileName, patched) is { } path)
            return new AdaptedLibrary(path, true, reason);
        var temporary = Directory.CreateTempSubdirectory("lori-").FullName;
        path = TryWrite(temporary, fileName, patched) ?? throw new InputException(
            $"{folder} and {temporary}: neither can be written to, and {fileName} needs an adapted copy; set XDG_CACHE_HOME");
        return new AdaptedLibrary(path, true, reason + $"; {folder} cannot be written to") { TemporaryFolder = temporary };
    }

    /// <summary>Removes a copy that only this process uses; a loaded library needs its file no more.</summary>
    internal void DeleteIfTemporary()
    {
        if (TemporaryFolder is not null)
            Directory.Delete(TemporaryFolder, recursive: true);
    }

    private static bool SystemRuntimeIsNewEnough()
    {
        // Where there is no such library at all, loading the original says so better than anything here could.
        return !NativeLibrary.TryLoad("libstdc++.so.6", out var handle)
            || NativeLibrary.TryGetExport(handle, ElfPatch.MissingSymbol, out _);
    }

    /// <summary>The user's cache folder; one that cannot exist where there is no home.</summary>
    private static string UserCache()
    {
        if (Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } set && System.IO.Path.IsPathRooted(set))
        {
            return set;
        }

        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify);
        return System.IO.Path.Combine(System.IO.Path.IsPathRooted(home) ? home : "/nonexistent", ".cache");
    }

    [UnsupportedOSPlatform("windows")]
    private static string? TryWrite(string folder, string fileName, byte[] content)
    {
        try
        {
            Directory.CreateDirectory(folder, OwnerOnly);
            if (File.GetUnixFileMode(folder) != OwnerOnly)
                File.SetUnixFileMode(folder, OwnerOnly);
            var path = System.IO.Path.Combine(folder, fileName);
            if (File.Exists(path) && File.ReadAllBytes(path).AsSpan().SequenceEqual(content))
                return path;
            var temporary = System.IO.Path.Combine(folder, $".{fileName}.{Guid.NewGuid():N}");
            File.WriteAllBytes(temporary, content);
            File.Move(temporary, path, overwrite: true);
            return path;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
