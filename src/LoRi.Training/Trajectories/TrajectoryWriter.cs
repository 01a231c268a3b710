using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using LoRi.Files.Disk;
using LoRi.Files.Safetensors;
using LoRi.Models.Weights;
using static TorchSharp.torch;

namespace LoRi.Training.Trajectories;

/// <summary>
/// Writes a trajectory file batch by batch: tensors go to a scratch file first, as a header needs all sizes, so memory never
/// grows with the corpus. A corpus above the shard size becomes <c>name-00001-of-0000N.safetensors</c> with an index.
/// </summary>
internal sealed class TrajectoryWriter : IDisposable
{
    private const int CopyBuffer = 1 << 20;

    private static readonly JsonSerializerOptions IdsFormat = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly JsonSerializerOptions IndexFormat = new() { WriteIndented = true };

    private readonly string path;
    private readonly long shardBytes;
    private readonly FileStream scratch;
    private readonly List<List<Piece>> shards = [[]];
    private long bytesOfShard;

    /// <summary>
    /// A writer of <paramref name="path"/>; no shard gets larger than <paramref name="shardBytes"/> unless one example is.
    /// </summary>
    public TrajectoryWriter(string path, long shardBytes)
    {
        ArgumentNullException.ThrowIfNull(path);
        (this.path, this.shardBytes) = (Path.GetFullPath(path), shardBytes);
        var folder = Path.GetDirectoryName(this.path)!;
        AtomicFile.CreateFolder(folder);
        scratch = new FileStream(
            Path.Combine(folder, $".trajectories-{Guid.NewGuid():N}.tmp"),
            FileMode.CreateNew,
            FileAccess.ReadWrite,
            FileShare.None,
            CopyBuffer,
            FileOptions.DeleteOnClose);
    }

    private sealed record Piece(string Name, string Dtype, long[] Shape, long Begin, long Length);

    /// <summary>Adds the examples of a batch under their row numbers; an example without rationale gets its anchor only.</summary>
    public void Add(TrajectoryBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        for (var i = 0; i < batch.Rows.Length; i++)
        {
            using var scope = NewDisposeScope();
            var states = batch.Trajectories[i].narrow(1, 0, batch.Lengths[i]);
            var anchor = batch.Anchors[i];
            var size = (states.numel() * states.element_size()) + (anchor.numel() * anchor.element_size());
            if (bytesOfShard > 0 && bytesOfShard + size > shardBytes)
            {
                shards.Add([]);
                bytesOfShard = 0;
            }

            bytesOfShard += size;
            if (batch.Lengths[i] > 0)
            {
                Keep(string.Create(CultureInfo.InvariantCulture, $"trajectory.{batch.Rows[i]}"), states);
            }

            Keep(string.Create(CultureInfo.InvariantCulture, $"anchor.{batch.Rows[i]}"), anchor);
        }
    }

    /// <summary>Writes the file, or the shards and their index, and gives back their paths.</summary>
    /// <param name="ids">The data's own names of the examples, in the order of their numbers.</param>
    public IReadOnlyList<string> Finish(IReadOnlyList<string>? ids = null)
    {
        scratch.Flush();
        if (shards.Count == 1)
        {
            WriteShard(path, shards[0], ids);
            return [path];
        }

        var names = shards.Select((_, i) => ShardPath(i)).ToArray();
        for (var i = 0; i < shards.Count; i++)
        {
            WriteShard(names[i], shards[i], i == 0 ? ids : null);
        }

        return [.. names, WriteIndex(names)];
    }

    /// <inheritdoc/>
    public void Dispose() => scratch.Dispose();

    private void Keep(string name, Tensor values)
    {
        var begin = scratch.Position;
        var content = TensorContent.FromTensor(name, values);
        content.Write(scratch);
        shards[^1].Add(new Piece(name, content.Dtype, [.. content.Shape], begin, scratch.Position - begin));
    }

    private string ShardPath(int index)
    {
        var stem = Path.Combine(Path.GetDirectoryName(path)!, Path.GetFileNameWithoutExtension(path));
        return string.Create(CultureInfo.InvariantCulture, $"{stem}-{index + 1:00000}-of-{shards.Count:00000}.safetensors");
    }

    private void WriteShard(string file, List<Piece> pieces, IReadOnlyList<string>? ids)
    {
        var metadata = new Dictionary<string, string> { ["format"] = TrajectoryIndex.Format };
        if (ids is not null)
        {
            metadata[TrajectoryIds.Key] = JsonSerializer.Serialize(ids, IdsFormat);
        }

        SafetensorsWriter.Write(
            file, pieces.Select(piece => new SafetensorsContent(piece.Name, piece.Dtype, piece.Shape, stream => Copy(piece, stream))),
            metadata);
    }

    private void Copy(Piece piece, Stream target)
    {
        var buffer = new byte[System.Math.Min(CopyBuffer, piece.Length)];
        scratch.Position = piece.Begin;
        for (var left = piece.Length; left > 0;)
        {
            var part = buffer.AsSpan(0, (int)System.Math.Min(buffer.Length, left));
            scratch.ReadExactly(part);
            target.Write(part);
            left -= part.Length;
        }
    }

    private string WriteIndex(string[] names)
    {
        var map = new JsonObject();
        for (var i = 0; i < names.Length; i++)
        {
            foreach (var piece in shards[i])
            {
                map[piece.Name] = Path.GetFileName(names[i]);
            }
        }

        var total = shards.Sum(shard => shard.Sum(piece => piece.Length));
        var index = new JsonObject { ["metadata"] = new JsonObject { ["total_size"] = total }, ["weight_map"] = map };
        var file = path + ".index.json";
        AtomicFile.WriteText(file, index.ToJsonString(IndexFormat) + "\n");
        return file;
    }
}
