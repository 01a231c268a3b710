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
    double Seconds)
{
    private const string StepKey = "step";

    /// <summary>What was measured at this step beside the loss, by name; stands behind all else.</summary>
    public IReadOnlyDictionary<string, double> Measures { get; init; } = new Dictionary<string, double>();

    /// <summary>The object that <c>metrics.jsonl</c> holds; the loss terms stand among the other keys, by their names.</summary>
    public JsonObject ToJson()
    {
        var line = new JsonObject { [StepKey] = Step, ["tokens"] = Tokens, ["loss"] = Loss };
        foreach (var (name, value) in Terms)
        {
            line[name] = value;
        }

        line["learning_rate"] = LearningRate;
        line["gradient_norm"] = GradientNorm;
        line["tokens_per_second"] = TokensPerSecond;
        line["seconds"] = Seconds;
        foreach (var (name, value) in Measures)
        {
            line[name] = value;
        }

        return line;
    }
}

/// <summary>Appends rows to <c>metrics.jsonl</c>, each complete on the disk before the next step.</summary>
public sealed class MetricsWriter : IDisposable
{
    private const string StepKey = "step";

    // A loss that is not a number is worth seeing in the file; JSON has no other spelling for it.
    internal static readonly JsonSerializerOptions Format = new() { NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals };

    private readonly string path;
    private readonly StreamWriter writer;

    /// <summary>A writer that appends to a file.</summary>
    /// <exception cref="InputException">The file cannot be opened.</exception>
    public MetricsWriter(string path) => (this.path, writer) = (path, AppendedFile.Open(path));

    /// <summary>Appends one row.</summary>
    /// <exception cref="InputException">It cannot be written.</exception>
    public void Write(MetricsRow row)
    {
        ArgumentNullException.ThrowIfNull(row);
        AppendedFile.Write(writer, path, row.ToJson().ToJsonString(Format));
    }

    /// <summary>Makes sure that all rows so far survive a loss of power.</summary>
    public void FlushToDisk() => AppendedFile.FlushToDisk(writer, path);

    /// <inheritdoc/>
    public void Dispose() => AppendedFile.Close(writer);

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
