using System.Runtime.InteropServices;

namespace LoRi.Models.Native;

/// <summary>
/// Asks the C library to keep freed memory for the next tensor. By default it hands every large block back to the system at once,
/// and each step's logits and gradients then arrive as pages that the system must find and clear again. Where the C library is
/// not glibc, or the user has tuned it by <c>MALLOC_...</c> variables, nothing is changed.
/// </summary>
internal static partial class RetainedMemory
{
    // The options' numbers in glibc's malloc.h.
    private const int TrimThreshold = -1, TopPad = -2, MostMaps = -4, MostArenas = -8;
    private const int GrowthBytes = 64 << 20;

    /// <summary>Takes effect for everything that is allocated afterwards; call it before libtorch is loaded.</summary>
    public static void Ask()
    {
        if (!OperatingSystem.IsLinux() || !RuntimeInformation.RuntimeIdentifier.StartsWith("linux-x64", StringComparison.Ordinal)
            || UserDecides())
        {
            return;
        }

        try
        {
            Set((MostArenas, 1), (MostMaps, 0), (TrimThreshold, int.MaxValue), (TopPad, GrowthBytes));
        }
        catch (EntryPointNotFoundException)
        {
            // Another C library, which has no such switch.
        }
    }

    private static bool UserDecides() =>
        Environment.GetEnvironmentVariables().Keys.Cast<string>()
            .Any(name => name.StartsWith("MALLOC_", StringComparison.Ordinal) || name == "GLIBC_TUNABLES");

    /// <summary>A refusal (the result 0) leaves the default, which is slower and nothing else.</summary>
    private static void Set(params (int Option, int Value)[] settings)
    {
        foreach (var (option, value) in settings)
        {
            _ = SetOption(option, value);
        }
    }

    [LibraryImport("libc", EntryPoint = "mallopt")]
    private static partial int SetOption(int option, int value);
}
