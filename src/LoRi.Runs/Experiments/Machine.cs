using System.Reflection;
using System.Runtime.InteropServices;

namespace LoRi.Runs.Experiments;

/// <summary>Where and by which build cells are run.</summary>
internal static class Machine
{
    private const string CpuFile = "/proc/cpuinfo";
    private const string CpuKey = "model name";

    /// <summary>The processor and its number of threads.</summary>
    public static string Name { get; } = $"{Processor()}, {Environment.ProcessorCount} threads";

    /// <summary>The version of the program with the commit it was built from, where that is known.</summary>
    public static string Build { get; } =
        typeof(Machine).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "";

    private static string Processor()
    {
        var line = File.Exists(CpuFile)
            ? File.ReadLines(CpuFile).FirstOrDefault(line => line.StartsWith(CpuKey, StringComparison.Ordinal))
            : null;
        return line?[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim() ?? $"{RuntimeInformation.ProcessArchitecture}";
    }
}
