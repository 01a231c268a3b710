using LoRi.Files;
using LoRi.Files.Gguf;

namespace LoRi.Models.Weights;

/// <summary>Opens a model's weights, whatever form they have.</summary>
internal static class Checkpoint
{
    /// <summary>
    /// Opens a <c>.gguf</c> file, a <c>.safetensors</c> file, a Hub folder (one file, or shards with an index), or a folder
    /// whose only weights are one <c>.gguf</c> file.
    /// </summary>
    /// <exception cref="InputException">There are no such weights, or they are malformed.</exception>
    public static IStoredWeightSource Open(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (!Directory.Exists(path))
        {
            var safetensors = path.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase)
                || path.EndsWith(".index.json", StringComparison.Ordinal);
            return safetensors ? SafetensorsCheckpoint.Open(path) : GgufCheckpoint.Open(path);
        }

        if (SafetensorsCheckpoint.IsIn(path))
        {
            return SafetensorsCheckpoint.Open(path);
        }

        var gguf = Directory.GetFiles(path, "*.gguf");
        return gguf.Length == 1 ? GgufCheckpoint.Open(gguf[0]) : throw NoWeights(path, gguf);
    }

    private static InputException NoWeights(string path, string[] gguf)
    {
        var what = $"{path}: has neither {SafetensorsCheckpoint.SingleName} nor {SafetensorsCheckpoint.IndexName}, and {gguf.Length} "
            + ".gguf files";
        return new InputException($"{what}; {GgufSplit.Parts(gguf) ?? "name the .gguf file, or a folder with weights"}");
    }
}
