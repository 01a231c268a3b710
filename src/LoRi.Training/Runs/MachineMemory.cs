using System.Globalization;

namespace LoRi.Training.Runs;

/// <summary>The memory of this machine that another process could have.</summary>
internal static class MachineMemory
{
    private const string Table = "/proc/meminfo";

    /// <summary>Bytes that are free, or can be made free, beside what this process has; null where the system does not tell.</summary>
    public static long? Available() => File.Exists(Table) ? AvailableOf(File.ReadLines(Table)) : null;

    /// <summary>The number that the lines of Linux's table tell.</summary>
    internal static long? AvailableOf(IEnumerable<string> lines)
    {
        var words = lines.FirstOrDefault(text => text.StartsWith("MemAvailable:", StringComparison.Ordinal))?.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        return words is [_, var number, ..] && long.TryParse(number, CultureInfo.InvariantCulture, out var kilobytes) ? 1024 * kilobytes : null;
    }
}
