using System.Text.Json;
using System.Text.Json.Nodes;
using LoRi.Files;
using LoRi.Files.Json;
using LoRi.Files.Text;
using LoRi.Models.ModelFiles;
using LoRi.Runs.Evaluate;
using LoRi.Runs.Probe;

namespace LoRi.Runs.Export;

/// <summary>What is known of how a model was made and how well it does.</summary>
/// <param name="Name">What the export is called.</param>
/// <param name="Base">What the Hub calls the model that training began with; null where that is not known.</param>
/// <param name="Card">How it is asked; null for a plain model.</param>
/// <param name="Settings">The run's settings that were not left out, in the file's order; empty where there was no run.</param>
/// <param name="Summary">What the run took; null where there is no such file.</param>
/// <param name="Datasets">What the Hub calls the training data, where that is known.</param>
/// <param name="Evaluations">What was measured, and what the Hub calls the data where that is known.</param>
internal sealed record Provenance(
    string Name,
    string? Base,
    ReasoningCard? Card,
    IReadOnlyList<(string Key, string Value)> Settings,
    JsonObject? Summary,
    IReadOnlyList<string> Datasets,
    IReadOnlyList<(EvaluationRecord Found, string? HubName)> Evaluations)
{
    private const string CommandKey = "command";

    /// <summary>What was found of the latent steps of the run.</summary>
    public IReadOnlyList<ProbeResult> Probes { get; init; } = [];

    /// <summary>Whether the export has the Python file that takes the model's steps.</summary>
    public bool HasModellingFile { get; init; }

    /// <summary>Rows that a base's tables must have for an adapter that brings some; 0 where it brings none.</summary>
    public int TableRows { get; init; }

    /// <summary>Settings that name places of the machine that trained; of these the last part is given.</summary>
    private static readonly string[] Places = ["model", "teacher", "tokenizer", "data", "subspace"];

    /// <summary>Settings that say where and how often files were written, which is nobody's concern.</summary>
    private static readonly string[] Unsaid =
        [CommandKey, "output", "teacher_cache", "log_every", "checkpoint_every", "shard_size", "keep_trajectories"];

    /// <summary>A setting; null where the run has none of that name.</summary>
    public string? Setting(string key) => Settings.FirstOrDefault(pair => pair.Key == key).Value;

    /// <summary>Reads it from the run and the evaluations that the options name.</summary>
    /// <exception cref="InputException">A file is damaged, or an evaluation is of another method.</exception>
    public static Provenance Of(ExportOptions options, ReasoningCard? card)
    {
        var run = RunOf(options.Model);
        var config = run is null ? null : JsonFile.ReadObject(Path.Combine(run, "config.json"));
        var summary = run is null ? null : Path.Combine(run, "summary.json");
        var evaluations = options.Evaluations.Select(Named).ToArray();
        foreach (var (folder, _) in evaluations)
        {
            CheckMethod(folder, card);
        }

        return new Provenance(
            Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(options.Output))),
            options.BaseModel ?? HubMetadata.NameOf(config?["model"], "models") ?? HubMetadata.NameOf(config?["teacher"], "models"),
            card,
            config is null
                ? []
                : [.. config.Where(pair => !Unsaid.Contains(pair.Key) && pair.Value is not null)
                    .Select(pair => (pair.Key, Text(pair.Key, pair.Value!)))],
            summary is not null && File.Exists(summary) ? JsonFile.ReadObject(summary) : null,
            options.Datasets.Count > 0 ? options.Datasets : DatasetsOf(config),
            [.. evaluations.Select(one => (EvaluationRecord.Read(one.Folder), one.HubName ?? EvaluatedOn(one.Folder)))])
        { Probes = run is null ? [] : ProbeFile.ReadUnder(run) };
    }

    /// <summary>The run directory that a model belongs to; null where it belongs to none.</summary>
    private static string? RunOf(string model)
    {
        var whole = Path.TrimEndingDirectorySeparator(Path.GetFullPath(model));
        return new[] { whole, Path.GetDirectoryName(whole) ?? whole }.FirstOrDefault(folder =>
            Directory.Exists(Path.Combine(folder, "final"))
            && File.Exists(Path.Combine(folder, "config.json"))
            && JsonFile.ReadObject(Path.Combine(folder, "config.json")).ContainsKey(CommandKey));
    }

    /// <summary>A folder, and what its user says that the Hub calls the data: <c>FOLDER=OWNER/NAME</c>.</summary>
    private static (string Folder, string? HubName) Named(string text)
    {
        var at = text.LastIndexOf('=');
        return at > 0 && !Directory.Exists(text) && HubMetadata.IsRepository(text[(at + 1)..])
            ? (text[..at], text[(at + 1)..])
            : (text, null);
    }

    /// <summary>The data sets of the Hub's cache among the data of some settings.</summary>
    private static string[] DatasetsOf(JsonObject? config) => config?["data"] is JsonArray files
        ? [.. files.Select(file => HubMetadata.NameOf(file, "datasets")).OfType<string>().Distinct()]
        : [];

    private static string? EvaluatedOn(string folder)
    {
        var config = Path.Combine(folder, "config.json");
        return File.Exists(config) && DatasetsOf(JsonFile.ReadObject(config)) is [var only] ? only : null;
    }

    private static void CheckMethod(string folder, ReasoningCard? card)
    {
        var path = Path.Combine(folder, "evaluation.json");
        var method = JsonFile.ReadObject(path)["method"] is JsonValue value && value.GetValueKind() == JsonValueKind.String
            ? value.GetValue<string>()
            : null;
        if (method is not null && method != (card?.Method ?? "none"))
        {
            throw new InputException(
                $"--evaluation {folder}: is of a model of method {MessageText.Quote(method)}, this one's "
                + $"is {MessageText.Quote(card?.Method ?? "none")}; name evaluations of the model that is exported");
        }
    }

    private static string Text(string key, JsonNode value) => value switch
    {
        JsonArray list => string.Join(", ", list.OfType<JsonNode>().Select(item => Text(key, item))),
        JsonValue scalar when scalar.GetValueKind() == JsonValueKind.String =>
            Places.Contains(key)
                ? Path.GetFileName(Path.TrimEndingDirectorySeparator(scalar.GetValue<string>()))
                : scalar.GetValue<string>(),
        _ => value.ToJsonString(),
    };
}
