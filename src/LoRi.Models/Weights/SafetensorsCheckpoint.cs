using System.Text.Json.Nodes;
using LoRi.Files;
using LoRi.Files.Json;
using LoRi.Files.Safetensors;
using LoRi.Files.Text;
using TorchSharp;

namespace LoRi.Models.Weights;

/// <summary>The weights of a Hub folder: one safetensors file, or shards with an index.</summary>
internal sealed class SafetensorsCheckpoint : IStoredWeightSource
{
    internal const string SingleName = ShardedWriter.SingleName, IndexName = ShardedWriter.IndexName;

    /// <summary>The head, which indexes may name where it is the table and not stored, or leave out where it is.</summary>
    private const string Head = "lm_head.weight";

    private const int Compared = 1 << 24;

    private static readonly string[] WeightTypes = ["F64", "F32", "F16", "BF16"];

    private readonly List<SafetensorsFile> files = [];
    private readonly Dictionary<string, SafetensorsFile> owner = new(StringComparer.Ordinal);
    private readonly List<string> notes = [];
    private readonly Lazy<JsonObject> config;

    private SafetensorsCheckpoint(string path, string folder)
    {
        Path = path;
        config = new Lazy<JsonObject>(() => JsonFile.ReadObject(System.IO.Path.Combine(folder, "config.json")));
    }

    /// <inheritdoc/>
    public string Path { get; }

    /// <inheritdoc/>
    public IReadOnlyList<WeightInfo> Tensors { get; private set; } = [];

    /// <inheritdoc/>
    public IReadOnlyList<string> Notes => notes;

    /// <summary>The <c>config.json</c> beside the weights, read when it is first asked for.</summary>
    public JsonObject Config => config.Value;

    /// <summary>The open files: one, or all shards.</summary>
    public IReadOnlyList<SafetensorsFile> Files => files;

    /// <summary>Whether a folder has weights that this class reads.</summary>
    public static bool IsIn(string folder) => ShardedWriter.IsIn(folder);

    /// <summary>Opens a folder, a single file, or the index (<c>*.index.json</c>) of shards beside it.</summary>
    /// <exception cref="InputException">Weights are missing or malformed, or index and shards disagree.</exception>
    public static SafetensorsCheckpoint Open(string path)
    {
        var isFolder = Directory.Exists(path);
        var folder = isFolder ? path : System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path)) ?? ".";
        var file = isFolder ? InFolder(path) : path;
        SafetensorsCheckpoint checkpoint = new(path, folder);
        try
        {
            if (file.EndsWith(".index.json", StringComparison.Ordinal))
            {
                checkpoint.AddShards(folder, ShardIndex.Read(file));
            }
            else
            {
                checkpoint.AddFile(file);
                checkpoint.NoteShards(isFolder ? System.IO.Path.Combine(folder, IndexName) : null);
            }

            checkpoint.Tensors =
                [.. checkpoint.files.SelectMany(file => file.Entries.Select(e => new WeightInfo(e.Name, e.Shape, e.Dtype)))];
            return checkpoint;
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public string ReadableTypes => string.Join(", ", WeightTypes);

    /// <inheritdoc/>
    public bool CanRead(string dtype) => WeightTypes.Contains(dtype);

    /// <summary>The values of a tensor as float64.</summary>
    public double[] ReadDoubles(string name) => Owner(name).ReadDoubles(name);

    /// <summary>Whether two tensors have the same bytes; nothing is copied.</summary>
    public bool SameBytes(string one, string other)
    {
        (var first, var second) = (Owner(one).Get(one), Owner(other).Get(other));
        var same = first.Length == second.Length;
        for (long at = 0; same && at < first.Length; at += Compared)
        {
            var count = (int)long.Min(Compared, first.Length - at);
            same = Owner(one).Bytes(first, at, count).SequenceEqual(Owner(other).Bytes(second, at, count));
        }

        return same;
    }

    /// <inheritdoc/>
    public torch.Tensor Read(string name, torch.ScalarType type) => Owner(name).ReadTensor(name, type);

    /// <inheritdoc/>
    public void CopyInto(string name, torch.Tensor destination) => Owner(name).CopyInto(name, destination);

    /// <inheritdoc/>
    public void CopyStored(string name, torch.Tensor destination)
    {
        var (file, entry) = (Owner(name), Owner(name).Get(name));
        TensorTransfer.Fill((first, buffer) => file.CopyBytes(entry, first, buffer), torch.ScalarType.Byte, destination);
    }

    /// <inheritdoc/>
    public void Dispose() => files.ForEach(file => file.Dispose());

    /// <summary>The single file where there is one, else the index where there is one.</summary>
    private static string InFolder(string folder)
    {
        string single = System.IO.Path.Combine(folder, SingleName), index = System.IO.Path.Combine(folder, IndexName);
        return !File.Exists(single) && File.Exists(index) ? index : single;
    }

    /// <summary>Says that shards are left alone where there is a single file as well, as other programs leave them.</summary>
    private void NoteShards(string? index)
    {
        if (index is not null && File.Exists(index))
        {
            notes.Add($"{SingleName} is read; {IndexName} and its shards, which lie beside it, are not");
        }
    }

    private SafetensorsFile Owner(string name) => owner.GetValueOrDefault(name) ?? throw new InputException(
        $"{Path}: there is no tensor {MessageText.Quote(name)} among the {Tensors.Count} of the checkpoint; it belongs to another model or "
        + "is incomplete");

    private SafetensorsFile AddFile(string path)
    {
        var file = SafetensorsFile.Open(path);
        files.Add(file);
        foreach (var entry in file.Entries)
        {
            if (!owner.TryAdd(entry.Name, file))
            {
                throw new InputException(
                    $"{path}: tensor {MessageText.Quote(entry.Name)} is also in {owner[entry.Name].Path}; the shards do not belong "
                    + "together");
            }
        }

        return file;
    }

    private void AddShards(string folder, ShardIndex index)
    {
        foreach (var shard in index.Shards)
        {
            var file = AddFile(System.IO.Path.Combine(folder, shard));
            foreach (var entry in file.Entries)
            {
                if (entry.Name == Head && !index.WeightMap.ContainsKey(Head))
                {
                    notes.Add($"{Head} is read from {shard}, although {System.IO.Path.GetFileName(index.Path)} does not name it");
                    continue;
                }

                index.CheckHolds(shard, entry.Name);
            }
        }

        foreach ((var name, var shard) in index.WeightMap)
        {
            if (!owner.ContainsKey(name) && name == Head)
            {
                notes.Add($"{System.IO.Path.GetFileName(index.Path)} puts {Head} into {shard}, which does not hold it");
            }
            else if (!owner.ContainsKey(name))
            {
                throw new InputException(
                    $"{index.Path}: tensor {MessageText.Quote(name)} should be in {shard} but is not; fetch that shard again");
            }
        }
    }
}
