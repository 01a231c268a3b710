using System.Globalization;
using LoRi.Files;

namespace LoRi.Runs.Settings;

/// <summary>
/// The most that options may ask for which take memory, threads or time: what is above is a slip of the hand, and would take the
/// machine down before anything could be said about it.
/// </summary>
public static class OptionBounds
{
    /// <summary>Threads that may be asked for on any machine, so that settings of a larger one can be used again.</summary>
    private const int ThreadsAnywhere = 256;

    private const int ThreadsPerProcessor = 4;

    private static readonly Dictionary<string, int> Bounds = new(StringComparer.Ordinal)
    {
        ["--threads"] = System.Math.Max(ThreadsAnywhere, ThreadsPerProcessor * Environment.ProcessorCount),
        ["--batch-size"] = 65_536,
        ["--accumulation"] = 65_536,
        ["--max-new-tokens"] = 1_048_576,
        ["--latent-steps"] = 4_096,
        ["--layer-rank"] = 65_536,
        ["--max-layer-rank"] = 65_536,
        ["--hidden-rank"] = 65_536,
        ["--max-hidden-rank"] = 65_536,
        ["--lora-rank"] = 8_192,
        ["--projection-width"] = 65_536,
        ["--latency-questions"] = 1_000_000,
        ["--questions"] = 10_000,
        ["--seeds"] = 1_000,
        ["--steps"] = 1_000_000_000,
        ["--epochs"] = 1_000_000,
    };

    /// <summary>The options that have a bound.</summary>
    public static IEnumerable<string> Options => Bounds.Keys;

    /// <summary>The bound of an option; null where it has none.</summary>
    public static int? Of(string flag) => Bounds.TryGetValue(flag, out var most) ? most : null;

    /// <summary>Refuses a value above the bound of its option.</summary>
    /// <exception cref="InputException">It is above.</exception>
    public static void Check(string flag, double value)
    {
        if (Of(flag) is { } most && value > most)
        {
            var where = flag == "--threads" ? string.Create(CultureInfo.InvariantCulture, $" on this machine with {Environment.ProcessorCount} processors") : "";
            throw OptionRules.Wrong(flag, value, string.Create(CultureInfo.InvariantCulture, $"must be at most {most}{where}"));
        }
    }
}
