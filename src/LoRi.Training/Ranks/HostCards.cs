using System.Runtime.InteropServices;

namespace LoRi.Training.Ranks;

/// <summary>
/// Cards that are memory of the processor: a library for tests, which stands in for NCCL and for the driver where <c>LORI_NCCL</c> names
/// it. It says what it is by a symbol that no NCCL has, and with it <c>--device cuda</c> computes on the processor.
/// </summary>
internal static class HostCards
{
    private const string Symbol = "lori_cards_on_host";

    /// <summary>Whether the library that is named is such a one.</summary>
    public static bool IsNamed => Library != 0;

    /// <summary>Its file.</summary>
    public static string File => Environment.GetEnvironmentVariable(NcclLibrary.LibraryVariable) ?? "";

    /// <summary>Its handle; 0 where there is none.</summary>
    public static nint Library { get; } =
        File.Length > 0 && NativeLibrary.TryLoad(File, out var library) && NativeLibrary.TryGetExport(library, Symbol, out _) ? library : 0;
}
