using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace LoRi.Training.Runs;

/// <summary>One logged step.</summary>
/// <param name="Step">Optimizer steps made, from 1.</param>
/// <param name="Tokens">Tokens seen since the run began.</param>
/// <param name="Loss">The total that was differentiated.</param>
/// <param name="Terms">The loss terms by name, unweighted.</param>
/// <param name="LearningRate">Learning rate of the step.</param>
/// <param name="GradientNorm">Global 2-norm of the gradient before clipping.</param>
/// <param name="TokensPerSecond">Since the last logged step.</param>
/// <param name="Seconds">Since the run began, pauses between resumed parts left out.</param>
public sealed record MetricsRow(
    int Step,
    long Tokens,
    double Loss,
    IReadOnlyDictionary<string, double> Terms,
    double LearningRate,
    double GradientNorm,
    double TokensPerSecond,
    double Seconds);

/// <summary>Appends rows to <c>metrics.jsonl</c>, each complete on the disk before the next step.</summary>
public sealed class MetricsWriter : IDisposable
{
    private const string StepKey = "step";

    // A loss that is not a number is worth seeing in the file; JSON has no other spelling for it.
    private static readonly JsonSerializerOptions Format = new() { NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals };

    private readonly StreamWriter writer;

    /// <summary>A writer that appends to a file.</summary>
    public MetricsWriter(string path) => writer = new StreamWriter(path, append: true) { AutoFlush = true, NewLine = "\n" };

    /// <summary>Appends one row; the loss terms stand among the other keys, by their names.</summary>
    public void Write(MetricsRow row)
    {
        ArgumentNullException.ThrowIfNull(row);
        var line = new JsonObject { [StepKey] = row.Step, ["tokens"] = row.Tokens, ["loss"] = row.Loss };
        foreach (var (name, value) in row.Terms)
        {
            line[name] = value;
        }

        line["learning_rate"] = row.LearningRate;
        line["gradient_norm"] = row.GradientNorm;
        line["tokens_per_second"] = row.TokensPerSecond;
        line["seconds"] = row.Seconds;
        writer.WriteLine(line.ToJsonString(Format));
    }

    /// <inheritdoc/>
    public void Dispose() => writer.Dispose();

    /// <summary>The step of a line; a line that was cut off counts as after all steps.</summary>
    internal static int StepOf(string line)
    {
        try
        {
            return JsonNode.Parse(line)?[StepKey]?.GetValue<int>() ?? int.MaxValue;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            return int.MaxValue;
        }
    }
}
