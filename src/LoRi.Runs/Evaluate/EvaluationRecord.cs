using LoRi.Files;
using LoRi.Files.Json;
using LoRi.Runs.Scoring;

namespace LoRi.Runs.Evaluate;

/// <summary>An <c>evaluation.json</c>.</summary>
/// <param name="Folder">Where it is.</param>
/// <param name="Dataset">The data it was measured on.</param>
/// <param name="Examples">Questions.</param>
/// <param name="Correct">Right answers.</param>
/// <param name="Accuracy">Share of right answers.</param>
/// <param name="Strict">Share of right answers by the strict rule.</param>
/// <param name="Low">Lower end of the 95 % interval.</param>
/// <param name="High">Upper end of the 95 % interval.</param>
/// <param name="TokensGenerated">Tokens written for all questions.</param>
/// <param name="Seconds">Seconds of generation.</param>
/// <param name="BothUnreadable">Questions where neither answer nor prediction is a number.</param>
/// <param name="Batch">Milliseconds of a batch.</param>
/// <param name="Single">Milliseconds of a question alone.</param>
/// <param name="PeakMemoryBytes">Largest resident memory.</param>
/// <param name="CutOff">Answers that ended without an end token.</param>
/// <param name="Empty">Answers without any text.</param>
/// <param name="Method">How the model was trained; null where the file does not say.</param>
/// <param name="Model">Where the model was; null where the file does not say.</param>
internal sealed record EvaluationRecord(
    string Folder, string Dataset, int Examples, int Correct, double Accuracy, double? Strict, double Low, double High,
    double? TokensGenerated, double? Seconds,
    int? BothUnreadable = null, LatencySummary? Batch = null, LatencySummary? Single = null, double? PeakMemoryBytes = null,
    int? CutOff = null, int? Empty = null, string? Method = null, string? Model = null)
{
    private const string FileName = "evaluation.json";

    /// <summary>Those in a folder and in the folders directly under it.</summary>
    /// <exception cref="InputException">A file is damaged.</exception>
    public static IReadOnlyList<EvaluationRecord> ReadUnder(string folder) => !Directory.Exists(folder) ? [] :
        [.. Directory.GetDirectories(folder).Order(StringComparer.Ordinal).Prepend(folder)
            .Where(place => File.Exists(Path.Combine(place, FileName))).Select(Read)];

    /// <summary>The one in a folder.</summary>
    /// <exception cref="InputException">There is none, or it is damaged.</exception>
    public static EvaluationRecord Read(string folder)
    {
        var path = Path.Combine(folder, FileName);
        var file = JsonFile.ReadTyped<EvaluationFile>(path, EvaluationFile.Remedy);
        if (file.Ci95.Length != 2)
        {
            throw new InputException($"{path}: 'ci95' has {file.Ci95.Length} numbers where two are needed; {EvaluationFile.Remedy}");
        }

        EvaluationAnswers.CheckShare(path, file.Examples, file.Correct, file.Accuracy, EvaluationFile.Remedy);
        var predictions = Path.Combine(folder, EvaluationAnswers.FileName);
        if (File.Exists(predictions))
        {
            EvaluationAnswers.Read(predictions)
                .Check(path, file.Examples, file.Correct, file.Accuracy, file.AccuracyStrict, file.CutOff, file.Empty);
        }

        return new EvaluationRecord(
            folder, file.Dataset, file.Examples, file.Correct, file.Accuracy, file.AccuracyStrict, file.Ci95[0], file.Ci95[1],
            file.TokensGenerated, file.Seconds,
            file.BothUnreadable, file.BatchLatencyMs, file.SingleLatencyMs, file.PeakMemoryBytes, file.CutOff, file.Empty,
            file.Method, file.Model);
    }

    /// <summary>The fields of the file that are shown.</summary>
    private sealed record EvaluationFile
    {
        public const string Remedy = "evaluate again";

        public required string Dataset { get; init; }

        public required int Examples { get; init; }

        public required int Correct { get; init; }

        public required double Accuracy { get; init; }

        public required double[] Ci95 { get; init; }

        public string? Method { get; init; }

        public string? Model { get; init; }

        public double? AccuracyStrict { get; init; }

        public double? TokensGenerated { get; init; }

        public double? Seconds { get; init; }

        public int? BothUnreadable { get; init; }

        public int? CutOff { get; init; }

        public int? Empty { get; init; }

        public LatencySummary? BatchLatencyMs { get; init; }

        public LatencySummary? SingleLatencyMs { get; init; }

        public double? PeakMemoryBytes { get; init; }
    }
}
