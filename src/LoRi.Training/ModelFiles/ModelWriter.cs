using System.Text.Json;
using System.Text.Json.Nodes;
using LoRi.Training.Checkpoints;
using LoRi.Training.Models;
using LoRi.Training.Tokenizers;
using static TorchSharp.torch;

namespace LoRi.Training.ModelFiles;

/// <summary>Writes a model as a Hub folder, with its card and the projection's weights beside it.</summary>
public static class ModelWriter
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>
    /// Writes <c>config.json</c>, <c>generation_config.json</c>, <c>model.safetensors</c> (float32), <c>lori.json</c>,
    /// <c>lori.safetensors</c> where the projection has weights, and the tokenizer where there is one.
    /// </summary>
    public static void Write(string folder, ReasoningModel model, ReasoningCard card, TextTokenizer? tokenizer)
    {
        Directory.CreateDirectory(folder);
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var parts = model.Parameters.PartNames.ToLookup(name => name.StartsWith("prj.", StringComparison.Ordinal));
        WriteTensors(Path.Combine(folder, "model.safetensors"), model, parts[false]);
        if (parts[true].Any())
        {
            WriteTensors(Path.Combine(folder, ReasoningCard.WeightsFile), model, parts[true]);
        }

        var config = model.Config with { VocabularySize = model.Config.VocabularySize + model.ExtraRows };
        WriteJson(folder, "config.json", config.ToJson());
        WriteJson(folder, "generation_config.json", new JsonObject { ["bos_token_id"] = config.BosId, ["eos_token_id"] = card.EosId });
        AtomicFile.Write(Path.Combine(folder, ReasoningCard.FileName), stream => stream.Write(card.ToJson()));
        tokenizer?.SaveTo(folder);
    }

    private static void WriteTensors(string path, ReasoningModel model, IEnumerable<string> names) => SafetensorsWriter.Write(
        path,
        names.Order(StringComparer.Ordinal).Select(name => SafetensorsContent.FromTensor(name, model.Parameters.Part(name))),
        new Dictionary<string, string> { ["format"] = "pt" });

    private static void WriteJson(string folder, string name, JsonObject json) =>
        AtomicFile.Write(Path.Combine(folder, name), stream => stream.Write(JsonSerializer.SerializeToUtf8Bytes(json, Indented)));
}
