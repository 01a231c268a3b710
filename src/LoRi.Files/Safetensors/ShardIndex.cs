using System.Text.Json;
using LoRi.Files.Json;
using LoRi.Files.Text;

namespace LoRi.Files.Safetensors;

/// <summary>The index of a sharded checkpoint: which file holds which tensor. Shard names are checked before any file is touched.</summary>
internal sealed class ShardIndex
{
    /// <summary>Room for some 500,000 tensors; what the largest published models have is a tenth of it.</summary>
    private const long LargestIndex = 1L << 26;

    private readonly Dictionary<string, string> map = new(StringComparer.Ordinal);

    private ShardIndex(string path) => Path = path;

    /// <summary>The index file.</summary>
    public string Path { get; }

    /// <summary>Tensor to shard.</summary>
    public IReadOnlyDictionary<string, string> WeightMap => map;

    /// <summary>All shards, in the order of their names.</summary>
    public IEnumerable<string> Shards => map.Values.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);

    /// <summary>Reads and checks an index.</summary>
    public static ShardIndex Read(string path)
    {
        using var document = JsonFile.ReadDocument(path, LargestIndex);
        ShardIndex index = new(path);
        if (document.RootElement.ValueKind != JsonValueKind.Object
            || !document.RootElement.TryGetProperty("weight_map", out var map)
            || map.ValueKind != JsonValueKind.Object
            || !map.EnumerateObject().Any())
        {
            throw new InputException($"{path}: weight_map is missing, empty or no object; the index is damaged, fetch it again");
        }

        try
        {
            foreach (var entry in map.EnumerateObject())
            {
                index.Add(entry.Name, entry.Value);
            }
        }
        catch (InvalidOperationException e)
        {
            throw new InputException($"{path}: weight_map has a name that is not valid Unicode; the index is damaged, fetch it again", e);
        }

        return index;
    }

    /// <summary>Refuses a tensor that the map puts elsewhere or does not know.</summary>
    public void CheckHolds(string shard, string tensor)
    {
        if (!map.TryGetValue(tensor, out var mapped))
        {
            throw new InputException(
                $"{Path}: tensor {MessageText.Quote(tensor)} of {shard} is not in weight_map; index and shards do not belong together");
        }

        if (mapped != shard)
        {
            throw new InputException(
                $"{Path}: tensor {MessageText.Quote(tensor)} is in {shard} but weight_map says {mapped}; index and shards do not belong "
                + "together");
        }
    }

    private void Add(string tensor, JsonElement value)
    {
        var shard = value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        if (shard is null || !IsPlainName(shard))
        {
            throw new InputException(
                $"{Path}: weight_map puts {MessageText.Quote(tensor)} into {MessageText.Quote(shard ?? value.GetRawText())}, "
                + "which is not the plain name of a .safetensors file in the same folder; do not trust this checkpoint");
        }

        if (!map.TryAdd(tensor, shard))
        {
            throw new InputException($"{Path}: weight_map has {MessageText.Quote(tensor)} twice; the index is damaged, fetch it again");
        }
    }

    private static bool IsPlainName(string name) =>
        name.EndsWith(".safetensors", StringComparison.Ordinal)
        && name.Length > ".safetensors".Length
        && name.AsSpan().IndexOfAny("/\\:") < 0
        && !name.Any(char.IsControl);
}
