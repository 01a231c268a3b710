using System.Globalization;
using System.Text.Json.Nodes;
using LoRi.Files.Disk;
using LoRi.Files.Json;

namespace LoRi.Files.Safetensors;

/// <summary>Writes the weights of a model folder as the Hub names them: one file, or shards with an index where they are large.</summary>
internal static class ShardedWriter
{
    /// <summary>The names of a folder's only file with weights, and of the index of several.</summary>
    internal const string SingleName = "model.safetensors", IndexName = "model.safetensors.index.json";

    /// <summary>Whether a folder has weights under these names.</summary>
    /// <param name="folder">The folder.</param>
    internal static bool IsIn(string folder) =>
        File.Exists(Path.Combine(folder, SingleName)) || File.Exists(Path.Combine(folder, IndexName));

    private static readonly Dictionary<string, string> Metadata = new() { ["format"] = "pt" };

    /// <summary>
    /// Writes <c>model.safetensors</c>, or <c>model-00001-of-0000N.safetensors</c> and so on. Every file appears when it is complete,
    /// the index last, so that a reader of the folder never finds half a model.
    /// </summary>
    /// <param name="folder">The folder, which is there and has no weights yet.</param>
    /// <param name="contents">The tensors, in the order in which they are to lie.</param>
    /// <param name="shardBytes">Most bytes of tensors in one file; a tensor that is larger has a file of its own.</param>
    /// <returns>The names of the files with weights.</returns>
    public static IReadOnlyList<string> Write(string folder, IReadOnlyList<SafetensorsContent> contents, long shardBytes)
    {
        ArgumentNullException.ThrowIfNull(contents);
        ArgumentOutOfRangeException.ThrowIfLessThan(shardBytes, 1);
        var shards = Split(contents, shardBytes);
        if (shards.Count <= 1)
        {
            SafetensorsWriter.Write(Path.Combine(folder, SingleName), contents, Metadata);
            return [SingleName];
        }

        var names = Enumerable.Range(1, shards.Count)
            .Select(number => string.Create(CultureInfo.InvariantCulture, $"model-{number:00000}-of-{shards.Count:00000}.safetensors"))
            .ToArray();
        for (var shard = 0; shard < names.Length; shard++)
        {
            SafetensorsWriter.Write(Path.Combine(folder, names[shard]), shards[shard], Metadata);
        }

        AtomicFile.WriteText(Path.Combine(folder, IndexName), Index(shards, names).ToJsonString(JsonText.Indented) + "\n");
        return names;
    }

    private static List<List<SafetensorsContent>> Split(IReadOnlyList<SafetensorsContent> contents, long shardBytes)
    {
        var (shards, held) = (new List<List<SafetensorsContent>>(), long.MaxValue);
        foreach (var tensor in contents)
        {
            var bytes = SafetensorsWriter.ByteLength(tensor);
            if (held > shardBytes - bytes)
            {
                shards.Add([]);
                held = 0;
            }

            shards[^1].Add(tensor);
            held += bytes;
        }

        return shards;
    }

    private static JsonObject Index(List<List<SafetensorsContent>> shards, string[] names) => new()
    {
        ["metadata"] = new JsonObject { ["total_size"] = shards.Sum(shard => shard.Sum(SafetensorsWriter.ByteLength)) },
        ["weight_map"] = new JsonObject(shards.SelectMany((shard, index) => shard.Select(tensor => (tensor.Name, File: names[index])))
            .OrderBy(pair => pair.Name, StringComparer.Ordinal)
            .Select(pair => KeyValuePair.Create(pair.Name, (JsonNode?)pair.File))),
    };
}
