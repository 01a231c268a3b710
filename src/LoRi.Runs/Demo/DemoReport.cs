using System.Text.Json.Serialization;
using LoRi.Models.Reasoning;
using LoRi.Runs.LowRank;

namespace LoRi.Runs.Demo;

/// <summary>One row of the demonstration's table: a method under a seed.</summary>
public sealed record DemoRow
{
    /// <summary>The method's name.</summary>
    [JsonPropertyName("method")]
    public required string Method { get; init; }

    /// <summary>The seed.</summary>
    [JsonPropertyName("seed")]
    public required long Seed { get; init; }

    /// <summary>Test questions.</summary>
    [JsonPropertyName("examples")]
    public required int Examples { get; init; }

    /// <summary>Right answers.</summary>
    [JsonPropertyName("correct")]
    public required int Correct { get; init; }

    /// <summary>Share of right answers.</summary>
    [JsonPropertyName("accuracy")]
    public required double Accuracy { get; init; }

    /// <summary>95 % Wilson interval of the accuracy.</summary>
    [JsonPropertyName("ci95")]
    public required double[] Interval { get; init; }

    /// <summary>Accuracy by chain length.</summary>
    [JsonPropertyName("per_length")]
    public required SortedDictionary<string, double> PerLength { get; init; }

    /// <summary>Optimizer steps.</summary>
    [JsonPropertyName("steps")]
    public required int Steps { get; init; }

    /// <summary>Seconds that training took, as it ran (side by side with others).</summary>
    [JsonPropertyName("seconds")]
    public required double Seconds { get; init; }

    /// <summary>Tokens written for all test questions; latent steps are not tokens.</summary>
    [JsonPropertyName("tokens_generated")]
    public required long TokensGenerated { get; init; }

    /// <summary>Median milliseconds of one answer, batch size 1, measured alone.</summary>
    [JsonPropertyName("latency_ms")]
    public required double LatencyMilliseconds { get; init; }

    /// <summary>
    /// For every test question in its order, 1 where it was answered rightly and 0 where not; null in files of older versions.
    /// </summary>
    [JsonPropertyName("right")]
    public string? Right { get; init; }

    /// <summary>Test questions by chain length.</summary>
    [JsonPropertyName("examples_per_length")]
    public required SortedDictionary<string, int> ExamplesPerLength { get; init; }
}

/// <summary>A question as teacher and student answer it.</summary>
/// <param name="Question">The question.</param>
/// <param name="Gold">The right answer.</param>
/// <param name="Teacher">What the teacher writes.</param>
/// <param name="Student">What the latent student writes after its latent steps.</param>
/// <param name="Latents">For each latent step, the token that its final state is nearest to.</param>
public sealed record WorkedExample(string Question, string Gold, string Teacher, string Student, IReadOnlyList<string> Latents)
{
    /// <summary>The student's name; null in files of older versions, where it is LoRi.</summary>
    public string? Method { get; init; }

    /// <summary>
    /// The likeliest tokens of every latent step at every level, [step][level][token], likeliest first; null in files of older versions.
    /// </summary>
    public IReadOnlyList<IReadOnlyList<IReadOnlyList<LatentToken>>>? Levels { get; init; }
}

/// <summary>Everything that a demonstration found: <c>demo.json</c>.</summary>
public sealed record DemoReport
{
    /// <summary>The setting's name.</summary>
    [JsonPropertyName("setting")]
    public required string Setting { get; init; }

    /// <summary>Which test questions these are: reports with the same name have the same questions in the same order.</summary>
    [JsonPropertyName("dataset")]
    public string Dataset { get; init; } = "";

    /// <summary>Whether this was the smoke test, whose numbers mean nothing.</summary>
    [JsonPropertyName("quick")]
    public required bool Quick { get; init; }

    /// <summary>The seeds.</summary>
    [JsonPropertyName("seeds")]
    public required IReadOnlyList<long> Seeds { get; init; }

    /// <summary>Seconds per optimizer step of each method, measured alone and interleaved before training.</summary>
    [JsonPropertyName("seconds_per_step")]
    public required IReadOnlyDictionary<string, double> SecondsPerStep { get; init; }

    /// <summary>The table.</summary>
    [JsonPropertyName("rows")]
    public required IReadOnlyList<DemoRow> Rows { get; init; }

    /// <summary>Spectra of the first seed's teacher.</summary>
    [JsonPropertyName("ranks")]
    public required IReadOnlyList<RankRow> Ranks { get; init; }

    /// <summary>Some questions of the first seed.</summary>
    [JsonPropertyName("worked_examples")]
    public required IReadOnlyList<WorkedExample> WorkedExamples { get; init; }

    /// <summary>Wall time of the whole demonstration.</summary>
    [JsonPropertyName("seconds")]
    public required double Seconds { get; init; }
}
