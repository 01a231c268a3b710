using LoRi.Files;
using LoRi.Files.Safetensors;
using LoRi.Models.Adapters;
using LoRi.Models.Decoders;
using LoRi.Models.ModelFiles;
using LoRi.Models.Native;
using LoRi.Models.Tensors;
using LoRi.Models.Weights;
using LoRi.Runs.Plans;
using LoRi.Runs.Settings;
using static TorchSharp.torch;

namespace LoRi.Runs.Answers;

/// <summary>What a model says of given ids.</summary>
/// <param name="Length">Number of ids.</param>
/// <param name="Vocabulary">Number of logits of a position.</param>
/// <param name="Last">Logits of the last position.</param>
/// <param name="Loss">Mean negative log-likelihood of all ids but the first, in nats; null for one id.</param>
/// <param name="Notes">What was assumed or left out when the model was loaded.</param>
public sealed record LogitsAnswer(int Length, int Vocabulary, double[] Last, double? Loss, IReadOnlyList<string> Notes);

/// <summary><c>lori logits</c>.</summary>
public static class ModelQueries
{
    /// <summary>The option that gives ids as they are.</summary>
    internal const string IdsOption = "--ids";

    /// <summary>Logits, loss and, where a file is named, all logits and hidden states of the ids.</summary>
    /// <param name="path">The model.</param>
    /// <param name="ids">One sequence.</param>
    /// <param name="dtype">The type of arithmetic.</param>
    /// <param name="device">Where the pass runs.</param>
    /// <param name="output">A safetensors file for all logits and hidden states; null for none.</param>
    /// <param name="adapter">A folder with a peft adapter to lay over the model; null for none.</param>
    /// <param name="weights">How matrices of weights lie in memory.</param>
    /// <exception cref="InputException">The model cannot be loaded or an id is not in its table.</exception>
    public static LogitsAnswer Logits(
        string path, int[] ids, DtypeOption dtype, DeviceOption device, string? output, string? adapter = null,
        WeightsOption weights = WeightsOption.AsStored)
    {
        var (model, _) = Load(path, Settings(dtype, device, weights), adapter);
        using var owned = model;
        CheckIds(ids, model, path);
        MemoryCheck.Pass(model, 1, ids.Length, ids.Length, $"{IdsOption}: {ids.Length} tokens", "give fewer");
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var read = model.Weights();
        var rows = PaddedRows.Right([ids], model.Device);
        var pass = model.Decoder.Forward(read, model.Decoder.Embed(read, rows), rows.Positions(), levels: output is not null);
        var logits = Decoder.Logits(read, pass.Final).squeeze(0);
        if (output is not null)
        {
            var hidden = pass.Levels!.Select((level, index) => TensorContent.FromTensor($"hidden.{index}", level.squeeze(0)));
            SafetensorsWriter.Write(output, hidden.Prepend(TensorContent.FromTensor("logits", logits)));
        }

        double? loss = ids.Length < 2 ? null
            : -TokenLikelihood.Logs(logits.narrow(0, 0, ids.Length - 1), rows.Ids.squeeze(0).narrow(0, 1, ids.Length - 1)).mean()
                .item<double>();
        var last = logits[ids.Length - 1].to(ScalarType.Float64).cpu().contiguous().data<double>().ToArray();
        return new LogitsAnswer(ids.Length, (int)logits.shape[1], last, loss,
            [.. Notes(model, ids.Length), .. ArithmeticNotes(dtype, device)]);
    }

    private static IReadOnlyList<string> Notes(ReasoningModel model, int length) =>
        model.Config.LengthNote(length) is string note ? [.. model.Notes, note] : model.Notes;

    /// <summary>A model with its adapter merged in: many passes follow, and a merged one is as fast as the base.</summary>
    internal static (ReasoningModel Model, ReasoningCard? Card) Load(string path, LoadSettings settings, string? adapter)
    {
        if (adapter is not null && settings.Storage == WeightStorage.EightBit)
        {
            throw new InputException(
                $"--weights int8: the adapter {adapter} is merged into weights in full; write the merged model with lori export, and name "
                + "that");
        }

        var loaded = ModelLoader.Load(path, settings, adapter);
        if (adapter is not null)
        {
            AdapterMerge.Fold(loaded.Model);
        }

        return loaded;
    }

    /// <summary>
    /// One type for weights and arithmetic, but where arithmetic is float32 on the CPU: there matrices stay as they are stored. Where
    /// bfloat16 is asked for and the processor has no instructions for it, weights are rounded to it and computed with in float32.
    /// </summary>
    internal static LoadSettings Settings(DtypeOption dtype, DeviceOption device, WeightsOption weights)
    {
        if (IsWidenedArithmetic(dtype, device))
        {
            return new LoadSettings(Precision.Full, StageModel.DeviceOf(device)) { Storage = WeightStorage.Brain };
        }

        var type = dtype switch
        {
            DtypeOption.F64 => ScalarType.Float64,
            DtypeOption.BF16 => ScalarType.BFloat16,
            _ => ScalarType.Float32,
        };
        return new LoadSettings(new Precision(type, type), StageModel.DeviceOf(device))
        {
            Storage = weights == WeightsOption.EightBit ? WeightStorage.EightBit : WeightStorage.AsStored,
        };
    }

    /// <summary>What is to be said of the arithmetic; nothing where it is what was asked for.</summary>
    internal static IEnumerable<string> ArithmeticNotes(DtypeOption dtype, DeviceOption device) => IsWidenedArithmetic(dtype, device)
        ? ["--dtype bfloat16: this processor has no bfloat16 instructions; weights are rounded to bfloat16, arithmetic is float32"]
        : [];

    private static bool IsWidenedArithmetic(DtypeOption dtype, DeviceOption device) =>
        dtype == DtypeOption.BF16 && device == DeviceOption.Cpu && VectorWork.VectorBits > 0
        && !CpuCapabilities.HasBrainArithmetic(CpuCapabilities.Detect());

    /// <summary>Refuses ids that a model cannot continue; <paramref name="named"/> is where they come from.</summary>
    internal static void CheckIds(int[] ids, ReasoningModel model, string path, string named = IdsOption)
    {
        var rows = model.Config.VocabularySize + model.ExtraRows;
        if (ids.Length == 0)
        {
            throw new InputException($"{named}: there is no token to continue; give at least one");
        }

        var wrong = Array.FindIndex(ids, id => id < 0 || id >= rows);
        if (wrong >= 0)
        {
            throw new InputException(
                $"{named}: {ids[wrong]} is not among the ids of {path}, 0 "
                + $"to {rows - 1}; "
                + (named == IdsOption ? "give ids of this model" : "name the tokenizer that belongs to the model with --tokenizer"));
        }

        if (ids.Length > model.Config.LongestSequence)
        {
            throw new InputException($"{named}: {ids.Length} tokens, but {path} {model.Config.LongestReason}; shorten it");
        }
    }
}
