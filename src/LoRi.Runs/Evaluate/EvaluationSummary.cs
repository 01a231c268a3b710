using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using LoRi.Runs.Scoring;

namespace LoRi.Runs.Evaluate;

/// <summary>Times in milliseconds.</summary>
/// <param name="Count">How many were measured.</param>
/// <param name="Mean">Their mean.</param>
/// <param name="P50">Their median.</param>
/// <param name="P90">90 % take no longer.</param>
/// <param name="P99">99 % take no longer.</param>
/// <param name="Max">The longest.</param>
public sealed record LatencySummary(int Count, double Mean, double P50, double P90, double P99, double Max)
{
    /// <summary>
    /// The summary of times in seconds; null where there are none. Percentiles interpolate linearly between order statistics.
    /// </summary>
    /// <param name="seconds">The time of each question.</param>
    public static LatencySummary? Of(IReadOnlyCollection<double> seconds)
    {
        ArgumentNullException.ThrowIfNull(seconds);
        double[] sorted = [.. seconds.Select(time => 1000 * time).Order()];
        return sorted.Length == 0 ? null : new LatencySummary(
            sorted.Length, sorted.Average(), OrderStatistics.Quantile(sorted, 0.5), OrderStatistics.Quantile(sorted, 0.9),
            OrderStatistics.Quantile(sorted, 0.99), sorted[^1]);
    }
}

/// <summary>What an evaluation found: its <c>evaluation.json</c>.</summary>
public sealed record EvaluationSummary
{
    /// <summary>How it is written and read.</summary>
    internal static JsonSerializerOptions Format { get; } = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        RespectNullableAnnotations = true,
    };

    /// <summary>Names of the data files.</summary>
    public required string Dataset { get; init; }

    /// <summary>Questions.</summary>
    public required int Examples { get; init; }

    /// <summary>Right by CODI's rule.</summary>
    public required int Correct { get; init; }

    /// <summary>Share of those.</summary>
    public required double Accuracy { get; init; }

    /// <summary>Share that is right by the strict rule.</summary>
    public required double AccuracyStrict { get; init; }

    /// <summary>Questions where the two rules differ.</summary>
    public required int Disagreements { get; init; }

    /// <summary>
    /// Questions where neither answer nor prediction is a number, which CODI's rule counts as right: where there are any,
    /// <see cref="AccuracyStrict"/> is the accuracy to read. Null in files of older versions.
    /// </summary>
    public int? BothUnreadable { get; init; }

    /// <summary>
    /// Answers that ended without an end token, at <see cref="MaxNewTokens"/> or where the model has no further position. Null in files
    /// of older versions, and where an evaluation that one began was resumed.
    /// </summary>
    public int? CutOff { get; init; }

    /// <summary>Those of them that the model's positions ended.</summary>
    public int? CutOffByPositions { get; init; }

    /// <summary>Answers without any text; null as <see cref="CutOff"/>.</summary>
    public int? Empty { get; init; }

    /// <summary>95 % Wilson interval of the accuracy by CODI's rule.</summary>
    public required double[] Ci95 { get; init; }

    /// <summary>The method that the model was trained with; <c>none</c> for a plain checkpoint.</summary>
    public required string Method { get; init; }

    /// <summary>Latent steps before each answer.</summary>
    public required int LatentSteps { get; init; }

    /// <summary>Latent steps that the model was trained with, where they are others; null where they are the same.</summary>
    public int? LatentStepsTrained { get; init; }

    /// <summary>Whether the answer prefix was fed; otherwise the model writes it.</summary>
    public required bool PrefixFed { get; init; }

    /// <summary>The prefix after which the strict rule looks.</summary>
    public required string AnswerPrefix { get; init; }

    /// <summary>The data set's name for the scorers.</summary>
    public required string DataName { get; init; }

    /// <summary>The form in which questions were asked.</summary>
    public required string QuestionText { get; init; }

    /// <summary>Seconds of generation, batch after batch, pauses left out.</summary>
    public required double Seconds { get; init; }

    /// <summary>Tokens written; latent steps are not tokens.</summary>
    public required long TokensGenerated { get; init; }

    /// <summary>Mean tokens written for a question.</summary>
    public required double TokensPerQuestion { get; init; }

    /// <summary>Tokens written in a second.</summary>
    public required double TokensPerSecond { get; init; }

    /// <summary>Most tokens that a question may be answered with.</summary>
    public required int MaxNewTokens { get; init; }

    /// <summary>Questions of one batch.</summary>
    public required int BatchSize { get; init; }

    /// <summary>Time of a batch.</summary>
    public required LatencySummary BatchLatencyMs { get; init; }

    /// <summary>Time of a batch divided by its questions, for every question.</summary>
    public required LatencySummary RowLatencyMs { get; init; }

    /// <summary>Time of a question alone, in a batch of one, after warming up; null where none was measured.</summary>
    public required LatencySummary? SingleLatencyMs { get; init; }

    /// <summary>Largest resident memory of the process; the memory of a GPU is not in it.</summary>
    public required long PeakMemoryBytes { get; init; }

    /// <summary>Threads of one operation.</summary>
    public required int Threads { get; init; }

    /// <summary>The device.</summary>
    public required string Device { get; init; }

    /// <summary>Type of the arithmetic.</summary>
    public required string Dtype { get; init; }

    /// <summary>
    /// Types in which matrices lay in memory and were multiplied, each with its number of weights; empty where all had the arithmetic's
    /// type. Null in files of older versions.
    /// </summary>
    public IReadOnlyDictionary<string, long>? Weights { get; init; }

    /// <summary>Bits of the vectors of the program's own products on the CPU; null in files of older versions.</summary>
    public int? VectorBits { get; init; }

    /// <summary>The seed of <c>--seed</c>, else of the run; null where neither says.</summary>
    public required long? Seed { get; init; }

    /// <summary>Rows of data that could not be read.</summary>
    public required int BadRowsSkipped { get; init; }

    /// <summary>The model's place.</summary>
    public required string Model { get; init; }

    /// <summary>Settings of the run that trained the model; null for a plain checkpoint.</summary>
    public required JsonObject? Run { get; init; }

    /// <summary>The interval.</summary>
    internal static double[] Interval(int correct, int examples)
    {
        var interval = WilsonInterval.Of(correct, examples);
        return [interval.Low, interval.High];
    }
}
