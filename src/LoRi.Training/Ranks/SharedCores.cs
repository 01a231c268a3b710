using System.Text;

namespace LoRi.Training.Ranks;

/// <summary>The processor cores that ranks of one machine have between them.</summary>
public static class SharedCores
{
    private const string Status = "/proc/self/status";
    private const string Allowed = "Cpus_allowed_list:";

    /// <summary>Threads for each operation of this rank: the cores that it may use, shared with the ranks that may use the same.</summary>
    /// <param name="ranks">The ranks of the run; all of them must ask.</param>
    /// <returns>At least 1.</returns>
    public static int Threads(ICommunicator ranks)
    {
        ArgumentNullException.ThrowIfNull(ranks);
        var own = $"{Environment.MachineName} {AllowedCores()}";
        var sharing = ranks.Gather(Encoding.UTF8.GetBytes(own)).Count(other => Encoding.UTF8.GetString(other) == own);
        return System.Math.Max(1, Environment.ProcessorCount / sharing);
    }

    private static string AllowedCores() => File.Exists(Status)
        ? File.ReadLines(Status).FirstOrDefault(line => line.StartsWith(Allowed, StringComparison.Ordinal)) ?? ""
        : "";
}
