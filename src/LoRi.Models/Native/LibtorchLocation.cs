using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;
using LoRi.Files;
using LoRi.Files.Json;

namespace LoRi.Models.Native;

/// <summary>Which libtorch is used, and where TorchSharp's own native file is.</summary>
internal sealed partial record LibtorchLocation(string Folder, string Version, string Source, string TorchSharpLibrary)
{
    /// <summary>The version that TorchSharp was compiled for.</summary>
    private const string KnownVersion = "2.10";

    private static readonly string[] Required = ["c10", "torch_cpu", "torch"];

    private static readonly string[] CudaParts = ["c10_cuda", "torch_cuda"];

    private const string BundledVersion = "2.10.0";
    private const string EnvironmentVariable = "LORI_LIBTORCH";

    /// <summary>The libraries in the order of their dependencies. What they need besides, they find themselves.</summary>
    internal IReadOnlyList<string> LoadOrder => [
        "c10",
        "torch_cpu",
        .. CudaParts.Where(n => File.Exists(Path.Combine(Folder, FileName(n)))),
        "torch"];

    /// <summary>The platform's file name of a library.</summary>
    internal static string FileName(string name) =>
        RuntimeInformation.IsOSPlatform(OSPlatform.Windows) ? $"{name}.dll"
        : RuntimeInformation.IsOSPlatform(OSPlatform.OSX) ? $"lib{name}.dylib"
        : $"lib{name}.so";

    /// <summary>The full path of one of the libraries.</summary>
    internal string PathOf(string name) => Path.Combine(Folder, FileName(name));

    /// <summary>Decides from the options, the environment and what came with the program, in this order.</summary>
    internal static LibtorchLocation Find(NativeRuntimeOptions options)
    {
        var torchSharp = Path.Combine(
            FolderOf("LibTorchSharp") ?? throw Missing("LibTorchSharp", "reference the package TorchSharp in the project that is run"),
            FileName("LibTorchSharp"));
        if (options.LibtorchFolder is { } asked)
        {
            return External(asked, "--libtorch", torchSharp, options.AnyVersion);
        }
        if (Environment.GetEnvironmentVariable(EnvironmentVariable) is { Length: > 0 } set)
        {
            return External(set, EnvironmentVariable, torchSharp, options.AnyVersion);
        }
        var own = FolderOf("torch_cpu") ?? throw Missing("torch_cpu",
            $"reference the package libtorch-cpu-{Platform} or TorchSharp-cpu in the project that is run, or name an installed PyTorch's "
            + $"torch/lib with {EnvironmentVariable} (lori: --libtorch)");
        return new LibtorchLocation(own, BundledVersion, "program", torchSharp);
    }

    private static string Platform => OperatingSystem.IsWindows() ? "win-x64" : OperatingSystem.IsMacOS() ? "osx-arm64" : "linux-x64";

    /// <summary>
    /// Where a library came with the program: a folder of its own, or where packages put what is for one platform or for all.
    /// </summary>
    private static string? FolderOf(string library)
    {
        var program = AppContext.BaseDirectory;
        string[] places = [
            Path.Combine(program, "libtorch"),
            Path.Combine(program, "runtimes", RuntimeInformation.RuntimeIdentifier, "native"),
            Path.Combine(program, "runtimes", Platform, "native"),
            program];
        return places.FirstOrDefault(p => Has(p, library));
    }

    private static InputException Missing(string library, string advice) =>
        new($"{AppContext.BaseDirectory}: there is no {FileName(library)} with this program; {advice}");

    private static LibtorchLocation External(string asked, string source, string torchSharp, bool anyVersion)
    {
        if (asked.Length == 0)
        {
            throw new InputException($"{source}: names no folder; name torch/lib of an installed PyTorch");
        }
        var folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(asked));
        if (!Directory.Exists(folder))
        {
            throw new InputException($"{source} {asked}: there is no such folder");
        }
        if (!Has(folder, "torch_cpu") && Has(Path.Combine(folder, "lib"), "torch_cpu"))
        {
            folder = Path.Combine(folder, "lib");
        }
        var missing = Required.FirstOrDefault(n => !Has(folder, n));
        if (missing is not null)
        {
            throw new InputException($"{source} {asked}: {FileName(missing)} is not in this folder; "
                + "name the folder torch/lib of an installed PyTorch");
        }
        var version = ReadVersion(folder);
        if (!anyVersion && !IsKnown(version))
        {
            throw new InputException($"{source} {asked}: this is libtorch {version ?? "of an unknown version"}, the program "
                + $"needs {KnownVersion}; --libtorch-any-version tries it all the same");
        }
        return new LibtorchLocation(folder, version ?? "unknown", source, torchSharp);
    }

    private static bool Has(string folder, string name) => File.Exists(Path.Combine(folder, FileName(name)));

    private static bool IsKnown(string? version) =>
        version is not null && version.StartsWith(KnownVersion + ".", StringComparison.Ordinal);

    private static string? ReadVersion(string folder)
    {
        var parent = Path.GetDirectoryName(folder) ?? folder;
        var python = Path.Combine(parent, "version.py");
        if (File.Exists(python) && PythonVersion().Match(Text(python)) is { Success: true } match)
        {
            return match.Groups[1].Value;
        }
        var plain = Path.Combine(parent, "build-version");
        return File.Exists(plain) ? Text(plain).Trim() : null;
    }

    private static string Text(string file) => Encoding.UTF8.GetString(JsonFile.ReadBytes(file));

    [GeneratedRegex("""^__version__\s*(?::[^=]*)?=\s*['"]([^'"]+)['"]""", RegexOptions.Multiline)]
    private static partial Regex PythonVersion();
}
