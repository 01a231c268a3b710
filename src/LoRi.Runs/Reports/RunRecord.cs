using System.Text.Json;
using System.Text.Json.Nodes;
using LoRi.Files;
using LoRi.Files.Json;
using LoRi.Math;
using LoRi.Runs.Evaluate;
using LoRi.Runs.Probe;
using LoRi.Runs.RunFolders;
using LoRi.Runs.Scoring;
using LoRi.Training;
using LoRi.Training.Trajectories;

namespace LoRi.Runs.Reports;

/// <summary>What a finished or unfinished run left in its folder, as far as a page shows it.</summary>
/// <param name="Name">How the page calls it.</param>
/// <param name="Folder">Where it is.</param>
/// <param name="Settings">Its <c>config.json</c>, keys in the file's order; empty where there is none.</param>
/// <param name="Metrics">The columns of its <c>metrics.jsonl</c>; empty where there is none.</param>
/// <param name="Summary">Its <c>summary.json</c>; null where there is none.</param>
/// <param name="Subspace">The subspace that it was aligned in; null where there is none.</param>
/// <param name="Evaluations">What was measured of it.</param>
internal sealed record RunRecord(
    string Name,
    string Folder,
    IReadOnlyList<(string Key, string Value)> Settings,
    IReadOnlyList<(string Name, MetricsColumn Column)> Metrics,
    JsonObject? Summary,
    FittedSubspace? Subspace,
    IReadOnlyList<EvaluationRecord> Evaluations)
{
    /// <summary>What was found of its latent steps.</summary>
    public IReadOnlyList<ProbeResult> Probes { get; init; } = [];

    /// <summary>How it was or is trained; null where its settings do not say.</summary>
    public string? Method => Setting("command") == "teach" ? KnownMethods.Teacher.About.Name : Setting("method");

    /// <summary>Whether it trains a teacher.</summary>
    public bool IsTeacher => Method is { } name && KnownMethods.Find(name)?.About.IsStudent == false;

    /// <summary>A column of the metrics; null where it was not written.</summary>
    public MetricsColumn? Column(string name) => Metrics.FirstOrDefault(column => column.Name == name).Column;

    /// <summary>Reads runs; those with the same folder name are called by their whole path.</summary>
    /// <exception cref="InputException">A folder is not a run, or a file in it is damaged.</exception>
    public static IReadOnlyList<RunRecord> ReadAll(IReadOnlyList<string> folders)
    {
        var names = folders.Select(folder => Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)))).ToArray();
        return [.. folders.Select((folder, index) => Read(folder, names.Count(name => name == names[index]) == 1 ? names[index] : folder))];
    }

    private static RunRecord Read(string folder, string name)
    {
        string? Find(string file) => File.Exists(Path.Combine(folder, file)) ? Path.Combine(folder, file) : null;
        var (config, metrics, subspace) = (Find("config.json"), Find("metrics.jsonl"), Find("subspace.safetensors"));
        var settings = config is null ? null : JsonFile.ReadObject(config);
        if (metrics is null && NotARun(folder, settings) is { } fault)
        {
            throw new InputException($"{folder}: {fault}");
        }

        var evaluations = EvaluationRecord.ReadUnder(folder);

        return new RunRecord(
            name,
            folder,
            settings is null ? [] : [.. settings.Select(p => (p.Key, Text(p.Value)))],
            metrics is null ? [] : MetricsFile.Read(metrics),
            Find("summary.json") is { } summary ? JsonFile.ReadObject(summary) : null,
            subspace is null ? null : SubspaceFile.Read(subspace).Fitted,
            evaluations)
        { Probes = ProbeFile.ReadUnder(folder) };
    }

    private string? Setting(string key) => Settings.FirstOrDefault(setting => setting.Key == key).Value;

    /// <summary>What a folder without metrics is, and what to name in its place; null for a run that has just begun.</summary>
    private static string? NotARun(string folder, JsonObject? settings) =>
        !Directory.Exists(folder) ? "there is no such folder; name the folder given to --output"
        : File.Exists(Path.Combine(folder, "evaluation.json")) || File.Exists(Path.Combine(folder, EvaluationAnswers.FileName))
            ? $"is an evaluation, not a run; name the run that it measured, and this with --evaluation {folder}"
        : settings?["command"] is JsonValue command && command.GetValueKind() == JsonValueKind.String ? null
        : settings?["model_type"] is not null || settings?["architectures"] is not null
            ? "is a model, not a run; name the folder that was given to --output when it was trained"
        : "is not a run: it has neither metrics.jsonl nor a run's config.json; name the folder given to --output";

    private static string Text(JsonNode? value) => value switch
    {
        null => "-",
        JsonArray list => string.Join("\n", list.Select(Text)),
        JsonValue scalar when scalar.GetValueKind() == JsonValueKind.String => scalar.GetValue<string>(),
        _ => value.ToJsonString(),
    };
}
