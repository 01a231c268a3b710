using System.Text.Json.Nodes;
using LoRi.Files;
using LoRi.Files.Disk;
using LoRi.Files.Json;
using LoRi.Files.Safetensors;
using LoRi.Files.Tokenizers;
using LoRi.Models.Adapters;
using LoRi.Models.Decoders;
using LoRi.Models.Weights;
using static TorchSharp.torch;

namespace LoRi.Models.ModelFiles;

/// <summary>Writes a model as a Hub folder, with its card and the projection's weights beside it.</summary>
public static class ModelWriter
{
    /// <summary>The file that says how a model writes.</summary>
    internal const string GenerationFile = "generation_config.json";

    /// <summary>
    /// Writes <c>config.json</c>, <c>generation_config.json</c>, the weights with adapters merged in, <c>lori.json</c> and, where the
    /// projection has weights, <c>lori.safetensors</c>, and the tokenizer where there is one.
    /// </summary>
    /// <param name="folder">The folder; it is made where it is not there.</param>
    /// <param name="model">The model.</param>
    /// <param name="card">How it is asked; null for a plain model.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="form">Type and size of the files; left out, one file of float32.</param>
    public static void Write(string folder, ReasoningModel model, ReasoningCard? card, TextTokenizer? tokenizer, WeightForm? form = null)
    {
        form ??= WeightForm.OneFile;
        AtomicFile.CreateFolder(folder);
        ShardedWriter.Write(folder, [.. model.BaseNames.Order(StringComparer.Ordinal).Select(name => Content(model, name, form.Type))],
            form.ShardBytes);
        if (card is not null)
        {
            WriteCard(folder, model, card);
        }

        var shape = model.Config with { VocabularySize = model.Config.VocabularySize + model.ExtraRows };
        var config = shape.ToJson();
        config["torch_dtype"] = form.Type == ScalarType.BFloat16 ? "bfloat16" : "float32";
        WriteJson(folder, "config.json", config);
        WriteJson(folder, GenerationFile, GenerationConfig(shape, card));
        tokenizer?.SaveTo(folder);
    }

    /// <summary>Writes <c>lori.json</c> and, where the projection has weights, <c>lori.safetensors</c>.</summary>
    /// <param name="folder">An existing folder.</param>
    /// <param name="model">The model whose projection is written.</param>
    /// <param name="card">What the model is and how it is to be asked.</param>
    public static void WriteCard(string folder, ReasoningModel model, ReasoningCard card)
    {
        ArgumentNullException.ThrowIfNull(card);
        AtomicFile.CreateFolder(folder);
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var slots = model.Projection.Slots(model.Config.HiddenSize).Select(slot => slot.Name).ToArray();
        if (slots.Length > 0)
        {
            SafetensorsWriter.Write(
                Path.Combine(folder, ReasoningCard.WeightsFile),
                slots.Order(StringComparer.Ordinal).Select(name => TensorContent.FromTensor(name, model.Parameters[name])),
                new Dictionary<string, string> { ["format"] = "pt" });
        }

        ModuleFiles.Write(folder, model);
        AtomicFile.Write(Path.Combine(folder, ReasoningCard.FileName), stream => stream.Write(card.ToJson()));
    }

    /// <summary>Ids that begin, end and pad a text: the card's end, else all of the configuration's.</summary>
    private static JsonObject GenerationConfig(DecoderConfig config, ReasoningCard? card)
    {
        int[] ends = card is null ? [.. config.EosIds] : [card.Special.Eos];
        var json = new JsonObject
        {
            ["bos_token_id"] = config.BosId,
            ["eos_token_id"] = ends.Length == 1 ? ends[0] : new JsonArray([.. ends.Select(id => (JsonNode)id)])
        };
        if (config.PadId < config.VocabularySize)
        {
            json["pad_token_id"] = config.PadId;
        }

        return json;
    }

    private static SafetensorsContent Content(ReasoningModel model, string name, ScalarType type)
    {
        using var part = model.Parameters.Part(name);
        return TensorContent.FromDeferred(name, type, part.shape, () => AdapterMerge.Merged(model, name));
    }

    private static void WriteJson(string folder, string name, JsonObject json) =>
        AtomicFile.WriteText(Path.Combine(folder, name), json.ToJsonString(JsonText.Indented) + "\n");
}

/// <summary>How weights are written.</summary>
/// <param name="Type">float32 or bfloat16.</param>
/// <param name="ShardBytes">Most bytes of tensors in one file.</param>
public sealed record WeightForm(ScalarType Type, long ShardBytes)
{
    /// <summary>One file of float32.</summary>
    public static WeightForm OneFile { get; } = new(ScalarType.Float32, long.MaxValue);

    /// <summary>The type of a model's own files: bfloat16 where all its tensors are, else float32.</summary>
    /// <param name="path">A folder, a file, a run directory or <c>OWNER/NAME</c>.</param>
    /// <exception cref="InputException">Its files are missing or malformed.</exception>
    public static ScalarType TypeOf(string path)
    {
        using var source = Checkpoint.Open(ModelLoader.Resolve(path));
        var isShort = source.Tensors.All(tensor => tensor.Dtype == TorchDtype.Name(ScalarType.BFloat16));
        return isShort ? ScalarType.BFloat16 : ScalarType.Float32;
    }
}
