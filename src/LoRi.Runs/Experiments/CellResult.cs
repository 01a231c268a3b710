using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using LoRi.Files;
using LoRi.Files.Disk;
using LoRi.Files.Json;
using LoRi.Runs.Evaluate;
using LoRi.Runs.Probe;

namespace LoRi.Runs.Experiments;

/// <summary>Right answers of one stratum.</summary>
/// <param name="Name">The stratum.</param>
/// <param name="Examples">Its questions.</param>
/// <param name="Correct">Right answers.</param>
internal sealed record StratumResult(string Name, int Examples, int Correct);

/// <summary>What a finished cell found: its <c>cell.json</c>, which is written last.</summary>
internal sealed record CellResult
{
    /// <summary>As evaluations are written, but on one line.</summary>
    private static readonly JsonSerializerOptions format = new(EvaluationSummary.Format) { WriteIndented = false };

    /// <summary>The version of its form.</summary>
    public required int CellVersion { get; init; }

    /// <summary>The name of its folder.</summary>
    public required string Id { get; init; }

    /// <summary>How it was called when it was run.</summary>
    public required string Name { get; init; }

    /// <summary>The task's name.</summary>
    public required string Task { get; init; }

    /// <summary>The model's name.</summary>
    public required string Model { get; init; }

    /// <summary>The method's name in the matrix.</summary>
    public required string Method { get; init; }

    /// <summary>What was varied.</summary>
    public required string Variant { get; init; }

    /// <summary>How long it was trained, as the matrix says it.</summary>
    public required string Budget { get; init; }

    /// <summary>The seed.</summary>
    public required long Seed { get; init; }

    /// <summary>The teacher's cell; null for a teacher.</summary>
    public string? TeacherCell { get; init; }

    /// <summary>Test questions.</summary>
    public required int Examples { get; init; }

    /// <summary>Right answers: the text behind the answer prefix is the data set's, word by word.</summary>
    public required int Correct { get; init; }

    /// <summary>Their share.</summary>
    public required double Accuracy { get; init; }

    /// <summary>95 % Wilson interval of it.</summary>
    public required double[] Ci95 { get; init; }

    /// <summary>The share by the strict rule of evaluations.</summary>
    public required double AccuracyStrict { get; init; }

    /// <summary>The same by stratum, in the order of the questions.</summary>
    public required IReadOnlyList<StratumResult> Strata { get; init; }

    /// <summary>A mark 0 or 1 for each question.</summary>
    public required string Right { get; init; }

    /// <summary>Optimizer steps.</summary>
    public required int Steps { get; init; }

    /// <summary>Seconds of the optimizer steps; of a resumed cell those of the last call alone.</summary>
    public required double TrainingSeconds { get; init; }

    /// <summary>Seconds of the whole cell; of a resumed one those of the last call alone.</summary>
    public required double Seconds { get; init; }

    /// <summary>Tokens that were trained on.</summary>
    public required long Tokens { get; init; }

    /// <summary>Operations in the decoder's matrices, a lower bound.</summary>
    public required double Operations { get; init; }

    /// <summary>Largest resident memory of the process so far, that of cells beside this one with it.</summary>
    public required long PeakMemoryBytes { get; init; }

    /// <summary>Tokens written for all test questions; latent steps are not tokens.</summary>
    public required long TokensGenerated { get; init; }

    /// <summary>Median milliseconds of one answer alone.</summary>
    public required double LatencyMs { get; init; }

    /// <summary>Loss terms and measures of the last logged step, by name.</summary>
    public required IReadOnlyDictionary<string, double> Last { get; init; }

    /// <summary>Ranks of the teacher's states, where the method collected them.</summary>
    public JsonObject? Ranks { get; init; }

    /// <summary>What its answers owe to its latent steps: no part of <c>cell.json</c>, as it is made afterwards.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ProbeResult? Probe { get; init; }

    /// <summary>The program's version and build.</summary>
    public required string Build { get; init; }

    /// <summary>The machine.</summary>
    public required string Machine { get; init; }

    /// <summary>Threads of one operation.</summary>
    public required int Threads { get; init; }

    /// <summary>When it was begun, of a resumed cell the last call.</summary>
    public required string Started { get; init; }

    /// <summary>What decided it.</summary>
    public required JsonObject Settings { get; init; }

    /// <summary>One line of JSON.</summary>
    public string ToLine() => JsonSerializer.Serialize(this, format);

    /// <summary>Reads a <c>cell.json</c>.</summary>
    /// <exception cref="InputException">It is damaged, or of another version.</exception>
    public static CellResult Read(string path)
    {
        var version = JsonFile.ReadObject(path)["cell_version"]?.ToJsonString();
        return version != $"{Cell.Version}"
            ? throw new InputException($"{path}: is of the cells' version {version ?? "none"}, and this program reads version "
                + $"{Cell.Version}; read it with the program that wrote it, or name another --output")
            : JsonFile.ReadTyped<CellResult>(path, "remove the cell's folder, and run the experiment again");
    }

    /// <summary>Writes it, whole or not at all.</summary>
    public void Write(string path) => AtomicFile.WriteText(path, ToLine() + "\n");
}
