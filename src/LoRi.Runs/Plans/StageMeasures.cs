using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using LoRi.Files.Disk;
using LoRi.Models.Decoders;
using LoRi.Models.Tensors;
using LoRi.Runs.RunFolders;
using static TorchSharp.torch;

namespace LoRi.Runs.Plans;

/// <summary>
/// What a stage cost: seconds, tokens a second, the share of the machine's matrix-product rate, and peak memory. Written to
/// <c>summary.json</c>.
/// </summary>
/// <param name="run">The folder of the run, where an earlier part's clock is.</param>
/// <param name="model">The model that is trained.</param>
public sealed class StageMeasures(RunDirectory run, ReasoningModel model)
{
    private const int CeilingSize = 2048;
    private const int CeilingRepeats = 3;
    private static readonly ConcurrentDictionary<(ScalarType Type, string Device, int Threads), double> Ceilings = new();
    private readonly Stopwatch clock = Stopwatch.StartNew();

    /// <summary>Bytes of weights, and of the gradients and both moments of those that are trained.</summary>
    /// <param name="model">The model that is trained.</param>
    public static long TrainingMemory(ReasoningModel model) =>
        ((4 * model.Parameters.Values.numel()) + model.Parameters.Frozen.numel()) * model.Parameters.Values.element_size();

    /// <summary>Floating-point operations a second of a 2048-cube product in a model's compute type: the best of three.</summary>
    /// <param name="type">The dtype of the product.</param>
    /// <param name="device">Where it runs.</param>
    public static double Ceiling(ScalarType type, Device device)
    {
        using var scope = NewDisposeScope();
        var (a, b) = (rand(CeilingSize, CeilingSize, device: device).to(type), rand(CeilingSize, CeilingSize, device: device).to(type));
        var best = double.PositiveInfinity;
        for (var repeat = 0; repeat <= CeilingRepeats; repeat++)
        {
            var start = Stopwatch.GetTimestamp();
            a.matmul(b).sum().to(ScalarType.Float32).item<float>();
            best = System.Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        return 2.0 * CeilingSize * CeilingSize * CeilingSize / best;
    }

    /// <summary>Largest resident memory of this process so far, in bytes.</summary>
    public static long PeakMemory()
    {
        const string Status = "/proc/self/status";
        return (File.Exists(Status) ? PeakOf(File.ReadLines(Status)) : null) ?? Process.GetCurrentProcess().PeakWorkingSet64;
    }

    /// <summary>The largest resident memory, in bytes, that the lines of a Linux process status tell; null where they do not.</summary>
    /// <param name="status">The lines of <c>/proc/PID/status</c>.</param>
    public static long? PeakOf(IEnumerable<string> status)
    {
        // "VmHWM:", padding that vanishes from ten million on, the number, "kB".
        var words = status.FirstOrDefault(text => text.StartsWith("VmHWM:", StringComparison.Ordinal))?.Split(
            (char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        return words is [_, var number, ..] && long.TryParse(number, CultureInfo.InvariantCulture, out var kilobytes)
            ? 1024 * kilobytes
            : null;
    }

    /// <summary>
    /// Weights of the matrices that every token passes: not the table, which is looked up, nor the head, which few tokens pass.
    /// Six operations a weight and trained token are therefore a lower bound.
    /// </summary>
    /// <param name="model">The model that is trained.</param>
    public static double BlockWeights(ReasoningModel model) => model.Parameters.Slots
        .Where(slot => slot.Shape.Length > 1 && slot.Decay)
        .Sum(slot => (double)slot.Count);

    /// <summary>
    /// Operations of a trained token in those matrices: two a weight forward, two for the gradient of the input, and two for that of
    /// the weight where it is trained.
    /// </summary>
    /// <param name="model">The model that is trained.</param>
    public static double OperationsPerToken(ReasoningModel model) => model.Parameters.Slots
        .Where(slot => slot.Shape.Length > 1 && slot.Decay)
        .Sum(slot => (slot.Trained ? 6.0 : 4.0) * slot.Count);

    /// <summary>Writes the summary.</summary>
    /// <param name="stage">The command.</param>
    /// <param name="tokens">Tokens that were trained on.</param>
    /// <param name="training">Seconds of the steps.</param>
    /// <param name="info">Told the summary, in a line.</param>
    public void Write(string stage, long tokens, double training, Action<string> info)
    {
        var seconds = clock.Elapsed.TotalSeconds;
        var ceiling =
            Ceilings.GetOrAdd((model.Precision.Compute, $"{model.Device}", get_num_threads()), key => Ceiling(key.Type, model.Device));
        var rate = OperationsPerToken(model) * tokens / training;
        var summary = new JsonObject
        {
            ["stage"] = stage,
            ["seconds"] = seconds,
            ["training_seconds"] = training,
            ["tokens"] = tokens,
            ["tokens_per_second"] = tokens / training,
            ["flops_per_second"] = rate,
            ["ceiling_flops_per_second"] = ceiling,
            ["share_of_ceiling"] = rate / ceiling,
            ["peak_memory_bytes"] = PeakMemory(),
            ["threads"] = get_num_threads(),
            ["device"] = $"{model.Device}",
            ["dtype"] = $"{model.Precision.Compute}",
            ["vector_bits"] = VectorWork.VectorBits,
        };
        AtomicFile.WriteText(Path.Combine(run.FolderPath, "summary.json"),
            summary.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n");
        info(string.Create(
            CultureInfo.InvariantCulture,
            $"{tokens / training:F0} tokens/s, {rate / 1e9:F0} GFLOP/s, {100 * rate / ceiling:F0} % of a {CeilingSize}-cube product; peak "
            + $"memory {PeakMemory() / (double)(1 << 30):F2} GiB"));
    }
}
