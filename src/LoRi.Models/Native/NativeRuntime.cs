using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Loader;
using LoRi.Files;
using LoRi.Models.Tensors;

namespace LoRi.Models.Native;

/// <summary>
/// Loads libtorch and TorchSharp's native part by their full paths, in the order of their dependencies, before
/// TorchSharp looks for them: it then finds them loaded. Which libtorch that is, is decided here and nowhere else.
/// </summary>
public static class NativeRuntime
{
    private static readonly Lock Gate = new();
    private static readonly Dictionary<string, nint> Handles = new(StringComparer.Ordinal);
    private static Loaded? loaded;

    private sealed record Loaded(LibtorchLocation Libtorch, AdaptedLibrary TorchSharp, string? Asked);

    /// <summary>
    /// Loads the native libraries. Whoever loads a model or starts a stage need not call it: they do, by the defaults. It is for
    /// options, and then comes before TorchSharp is used. Further calls do nothing but check that they ask for the same libtorch,
    /// and apply a thread count if one is given.
    /// </summary>
    /// <param name="options">Which libtorch and how many threads; the defaults where null.</param>
    /// <exception cref="InputException">A library is missing, of another version, or does not load.</exception>
    public static void Load(NativeRuntimeOptions? options = null)
    {
        options ??= new NativeRuntimeOptions();
        if (options.Threads is <= 0)
        {
            throw new InputException($"--threads {options.Threads}: must be at least 1");
        }
        lock (Gate)
        {
            if (loaded is null)
            {
                loaded = LoadOnce(options);
            }
            else if (options.LibtorchFolder is { } folder && folder != loaded.Asked)
            {
                throw new InvalidOperationException(
                    $"libtorch is already loaded from {loaded.Libtorch.Folder}; it cannot be replaced by {folder}");
            }
            if (options.Threads is { } threads)
            {
                SetThreads(threads);
            }
        }
    }

    /// <summary>Loads the native libraries if need be and says what is there.</summary>
    /// <param name="options">Which libtorch and how many threads; the defaults where null.</param>
    public static NativeRuntimeReport Report(NativeRuntimeOptions? options = null)
    {
        Load(options);
        var (libtorch, torchSharp, _) = loaded!;
        var (threads, cuda, devices) = AskTorch();
        return new NativeRuntimeReport
        {
            LibtorchFolder = libtorch.Folder,
            LibtorchVersion = libtorch.Version,
            LibtorchSource = libtorch.Source,
            TorchSharpVersion = TorchSharpVersion(),
            TorchSharpLibrary = torchSharp.Path,
            Adapted = torchSharp.Copy is not null,
            AdaptedReason = torchSharp.Reason,
            CpuCapabilities = CpuCapabilities.Detect(),
            VectorBits = VectorWork.VectorBits,
            Threads = threads,
            CudaAvailable = cuda,
            CudaDevices = devices,
        };
    }

    /// <summary>The address of a function of TorchSharp's native part.</summary>
    /// <param name="name">Its name.</param>
    internal static nint TensorFunction(string name)
    {
        Load();
        return NativeLibrary.GetExport(Handles["LibTorchSharp"], name);
    }

    private static Loaded LoadOnce(NativeRuntimeOptions options)
    {
        CheckWorkingFolder();
        var libtorch = LibtorchLocation.Find(options);
        LibtorchEnvironment.Prepare();
        RetainedMemory.Ask();
        AssemblyLoadContext.Default.ResolvingUnmanagedDll += Resolve;
        foreach (var name in libtorch.LoadOrder)
        {
            Handles[name] = LoadFile(libtorch.PathOf(name), libtorch.PathOf(name));
        }
        var torchSharp = AdaptedLibrary.For(libtorch.TorchSharpLibrary);
        Handles["LibTorchSharp"] = torchSharp.Load();
        CheckFunctions(torchSharp.Path);
        return new Loaded(libtorch, torchSharp, options.LibtorchFolder);
    }

    private static nint Resolve(Assembly assembly, string name) => Handles.GetValueOrDefault(name);

    /// <summary>
    /// libtorch's mathematics library looks itself up through the working directory, and ends the process where there is none.
    /// </summary>
    private static void CheckWorkingFolder()
    {
        try
        {
            _ = Directory.GetCurrentDirectory();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException("the working directory is not there any more; change to another one (cd), and run the command again",
                e);
        }
    }

    /// <summary>
    /// Asks the libraries for something, so that one that only looks like TorchSharp's is named here and not in the midst of
    /// work.
    /// </summary>
    private static void CheckFunctions(string library)
    {
        try
        {
            _ = Threads();
        }
        catch (Exception e) when (e is TypeInitializationException or EntryPointNotFoundException or DllNotFoundException)
        {
            var reason = (e.InnerException ?? e).Message.ReplaceLineEndings(" ").Trim();
            throw new InputException(
                $"{library}: lacks functions that TorchSharp calls ({reason}); name the libtorch it was made for, or build the program "
                + "again", e);
        }
    }

    /// <summary>Loads a library; <paramref name="shown"/> is what an error names.</summary>
    internal static nint LoadFile(string path, string shown)
    {
        try
        {
            return NativeLibrary.Load(path);
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            var reason = e.Message.Split('\n').FirstOrDefault(l => l.Contains(".so", StringComparison.Ordinal)
                && !l.StartsWith("Unable", StringComparison.Ordinal)) ?? e.Message;
            throw new InputException($"{shown}: this native library does not load: {reason.ReplaceLineEndings(" ").Trim()}", e);
        }
    }

    // TorchSharp's types are named in methods of their own, which are compiled when called: never before loading.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void SetThreads(int threads) => TorchSharp.torch.set_num_threads(threads);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int Threads() => TorchSharp.torch.get_num_threads();

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static (int Threads, bool Cuda, int Devices) AskTorch()
    {
        var cuda = TorchSharp.torch.cuda.is_available();
        return (TorchSharp.torch.get_num_threads(), cuda, cuda ? TorchSharp.torch.cuda.device_count() : 0);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static string TorchSharpVersion() =>
        typeof(TorchSharp.torch).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()
            ?.InformationalVersion.Split('+')[0] ?? "unknown";
}
