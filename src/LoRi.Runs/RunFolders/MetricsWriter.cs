using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using LoRi.Files;
using LoRi.Files.Disk;

namespace LoRi.Runs.RunFolders;

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
    internal static readonly JsonSerializerOptions Format =
        new() { NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals, AllowDuplicateProperties = false };

    private readonly string path;
    private readonly StreamWriter writer;
    private readonly Func<string> goOn;

    /// <summary>A writer that appends to a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="goOn">Says from where a run that the disk ended is resumed.</param>
    /// <exception cref="InputException">The file cannot be opened.</exception>
    public MetricsWriter(string path, Func<string>? goOn = null)
    {
        (this.path, this.goOn) = (path, goOn ?? (() => "then --resume continues from the last checkpoint"));
        Lines = File.Exists(path) ? InputFile.ReadBytes(path, InputFile.LargestLog).AsSpan().Count((byte)'\n') : 0;
        writer = AppendedFile.Open(path);
    }

    private MetricsWriter() => (path, writer, goOn) = ("", StreamWriter.Null, () => "");

    /// <summary>A writer for a process that owns no files.</summary>
    internal static MetricsWriter Nowhere() => new();

    /// <summary>Appends one row.</summary>
    /// <param name="row">The values of one step.</param>
    /// <exception cref="InputException">It cannot be written.</exception>
    public void Write(MetricsRow row)
    {
        ArgumentNullException.ThrowIfNull(row);
        AppendedFile.Write(writer, path, row.ToJson().ToJsonString(Format), goOn);
        Lines++;
    }

    /// <summary>Lines of the file, those that stood there when it was opened included.</summary>
    public int Lines { get; private set; }

    /// <summary>Makes sure that all rows so far survive a loss of power.</summary>
    public void FlushToDisk() => AppendedFile.FlushToDisk(writer, path);

    /// <inheritdoc/>
    public void Dispose() => AppendedFile.Close(writer);

    /// <summary>
    /// The lines of the steps until <paramref name="step"/>. What stands behind them may be cut off, they may not: a checkpoint is
    /// only made when they are on the disk.
    /// </summary>
    /// <exception cref="InputException">One of them is damaged or missing.</exception>
    internal static IReadOnlyList<string> LinesUntil(string path, int step, int? lines)
    {
        var all = Encoding.UTF8.GetString(InputFile.ReadBytes(path, InputFile.LargestLog)).Split('\n');
        var steps = all.Select(StepOf).ToArray();
        var kept = lines ?? (Array.FindLastIndex(steps, found => found <= step) + 1);
        var last = 0;
        for (var index = 0; index < kept; index++)
        {
            if (index >= steps.Length || steps[index] is not { } found || found <= last || found > step)
            {
                throw new InputException(
                    $"{path}, line {index + 1}: is damaged or missing, but the checkpoint of step {step} was made after {kept} lines; put "
                    + "a copy of the file back, "
                    + "delete it to continue without those lines, or begin again under another --output");
            }

            last = found;
        }

        return all[..kept];
    }

    /// <summary>The step of a line; null where it is not as it was written.</summary>
    private static int? StepOf(string line)
    {
        try
        {
            // Every value is a number, or the name of one.
            var row = JsonSerializer.Deserialize<Dictionary<string, double>>(line, Format);
            return row is not null && row.TryGetValue(StepKey, out var step) && step is >= 1 and < int.MaxValue
                && step == System.Math.Floor(step) ? (int)step : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
