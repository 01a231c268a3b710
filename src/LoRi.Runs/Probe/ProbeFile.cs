using System.Text.Json;
using LoRi.Files;
using LoRi.Files.Disk;
using LoRi.Files.Json;
using LoRi.Files.Text;
using LoRi.Runs.Evaluate;

namespace LoRi.Runs.Probe;

/// <summary>What <c>lori probe</c> writes, and reports and cards read.</summary>
internal static class ProbeFile
{
    private const string Remedy = "probe again";

    /// <summary>The text of a result.</summary>
    public static string Text(ProbeResult result) => JsonSerializer.Serialize(result, EvaluationSummary.Format);

    /// <summary>Writes a result.</summary>
    public static void Write(string path, ProbeResult result)
    {
        AtomicFile.CreateFolder(Path.GetDirectoryName(Path.GetFullPath(path))!);
        AtomicFile.WriteText(path, Text(result) + "\n");
    }

    /// <summary>The <c>probe.json</c> of a folder and of those directly under it.</summary>
    /// <exception cref="InputException">One is damaged, or no probe.</exception>
    public static IReadOnlyList<ProbeResult> ReadUnder(string folder) => !Directory.Exists(folder) ? [] :
        [.. Directory.GetDirectories(folder).Order(StringComparer.Ordinal).Prepend(folder)
            .Select(place => Path.Combine(place, ProbeSettings.UsualName)).Where(File.Exists).Select(Read)];

    /// <summary>The result of a file; null where there is none.</summary>
    /// <exception cref="InputException">It is damaged, or no probe.</exception>
    public static ProbeResult? Find(string path) => File.Exists(path) ? Read(path) : null;

    private static ProbeResult Read(string path)
    {
        var found = JsonFile.ReadTyped<ProbeResult>(path, Remedy);
        return found.Format == ProbeResult.FormatName
            ? found
            : throw new InputException(
                $"{path}: its format is {MessageText.Quote(found.Format)}, expected {ProbeResult.FormatName}; {Remedy}");
    }
}
