using LoRi.Files;
using LoRi.Files.Text;
using LoRi.Models.Decoders;
using LoRi.Models.Sequences;
using LoRi.Runs.Settings;
using LoRi.Training.Methods;
using TorchSharp;
using static TorchSharp.torch;

namespace LoRi.Runs.Plans;

/// <summary>Refuses work that, by the estimate that <c>--dry-run</c> shows, needs more memory than is free.</summary>
internal static class MemoryCheck
{
    /// <summary>Refuses to answer where the pass over the prompt, or the keys and values up to the last token, do not fit.</summary>
    /// <param name="model">The model, loaded.</param>
    /// <param name="rows">Rows that are answered together.</param>
    /// <param name="prompt">Tokens fed, of the longest row.</param>
    /// <param name="written">Most tokens to write.</param>
    /// <param name="what">The option or file, and what was found there.</param>
    /// <param name="remedy">What to do.</param>
    /// <exception cref="InputException">It does not fit.</exception>
    public static void Answering(ReasoningModel model, int rows, int prompt, int written, string what, string remedy)
    {
        var bytes = model.Precision.Compute.ElementSize();
        var pass = MemoryEstimate.Activations(model.Config, rows, prompt, 1, bytes);
        var cache = MemoryEstimate.Cache(model.Config, rows, System.Math.Min((long)prompt + written, model.Config.LongestSequence), bytes);
        Refuse(model.Device, System.Math.Max(pass, 2 * cache), what, remedy);
    }

    /// <summary>
    /// Refuses a pass that keeps the states of all levels and the logits of <paramref name="scored"/> tokens of every row.
    /// </summary>
    /// <exception cref="InputException">It does not fit.</exception>
    public static void Pass(ReasoningModel model, int rows, int tokens, int scored, string what, string remedy) =>
        Refuse(model.Device, MemoryEstimate.Activations(model.Config, rows, tokens, scored, model.Precision.Compute.ElementSize()), what,
            remedy);

    /// <summary>
    /// Refuses to train where gradients, moments and the activations of the longest micro-batch do not fit, which is what
    /// <c>--dry-run</c> calls by these names.
    /// </summary>
    /// <exception cref="InputException">It does not fit.</exception>
    public static void Training(RunSettings settings, MethodPlan method, ReasoningModel model, TrainingData data)
    {
        EncodedExample[] all = [.. data.Training, .. data.Validation];
        var longest = all.Max(row => row.Length(method.Reasoning.LatentSteps));
        var rows = new RunPlan(settings, data.Training.Count).Training.MicroBatchSize;
        var state = 3.0 * model.Parameters.Values.numel() * model.Parameters.Values.element_size();
        var memory = new StepMemory(method, model.Config, model.Precision.Compute.ElementSize(), settings.Train.Checkpointing);
        var step = state + MergedAdapters.BytesOf(model) + memory.Of(rows, all, longest);
        Refuse(
            model.Device,
            step,
            $"--data {string.Join(' ', settings.Train.Data)}: rows of up to {longest} tokens, {rows} at a time",
            "leave long rows out with --max-tokens, or take a smaller --batch-size, more --accumulation or --lora-rank");
    }

    /// <summary>Refuses, before any is loaded, models that do not fit together with the gradients and moments of what is trained.</summary>
    /// <exception cref="InputException">They do not fit, or one cannot be read.</exception>
    public static void Models(RunSettings settings, MethodPlan method, Precision precision, Device device)
    {
        var models = ModelMemory.Of(settings, method);
        Refuse(
            device,
            models.Bytes(precision),
            $"--method {method.About.Name}: {models.Describe(precision)}, gradients and moments",
            "take smaller models, or adapters with --lora-rank");
    }

    /// <summary>Refuses a number of bytes that is not free; on a GPU its own allocator does.</summary>
    /// <exception cref="InputException">It is not free.</exception>
    public static void Refuse(Device device, double needed, string what, string remedy)
    {
        if (device.type == DeviceType.CPU && Refusal(needed, FreeMemory.Bytes()) is { } refusal)
        {
            throw new InputException($"{what}: {refusal}; {remedy}");
        }
    }

    /// <summary>
    /// What is to be said where <paramref name="free"/> bytes, or an unknown number, are too few; null where they are not.
    /// </summary>
    internal static string? Refusal(double needed, long? free) => free is { } bytes && needed > bytes
        ? $"this needs roughly {MessageText.Bytes((long)System.Math.Min(needed, long.MaxValue))} of memory, and {MessageText.Bytes(bytes)} "
            + "are free"
        : null;
}
