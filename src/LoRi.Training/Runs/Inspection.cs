using System.Text.Json.Nodes;
using LoRi.Training.Checkpoints;
using LoRi.Training.TeacherCaches;
using LoRi.Training.Trajectories;

namespace LoRi.Training.Runs;

/// <summary>What a file or a folder holds.</summary>
/// <param name="Format">Which kind of file it is.</param>
/// <param name="Tensors">Its tensors, under the names that the file itself gives them.</param>
/// <param name="Details">What else it says: metadata, configuration.</param>
public sealed record Inspection(string Format, IReadOnlyList<WeightInfo> Tensors, JsonObject Details)
{
    private const string ConfigFile = "config.json";
    private const string TrajectoryFormat = TrajectoryIndex.Format;

    /// <summary>
    /// Opens and checks a safetensors or GGUF file, the index of shards, a model folder, a run directory, a trajectory file, a
    /// subspace file or a teacher cache. The values of trajectories and subspaces are checked as well.
    /// </summary>
    /// <exception cref="InputException">There is no such file, or it must be rejected.</exception>
    public static Inspection Of(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (Directory.Exists(path))
        {
            return OfFolder(path);
        }

        return !File.Exists(path) ? throw new InputException($"{path}: there is no such file or folder")
            : path.EndsWith(".index.json", StringComparison.Ordinal) ? OfWeights("safetensors-index", path)
            : IsGguf(path) ? OfGguf(path)
            : IsText(path) ? throw new InputException($"{path}: is text, not tensors; inspect opens safetensors and GGUF files and the folders of models, runs and teacher caches, `lori compare` and `lori report` read evaluations")
            : OfSafetensors(path);
    }

    private static Inspection OfFolder(string path)
    {
        if (CacheIndex.IsIn(path) && !SafetensorsCheckpoint.IsIn(path))
        {
            return OfCache(path);
        }

        var final = Path.Combine(path, "final");
        if (Directory.Exists(final) || Directory.Exists(Path.Combine(path, "checkpoints")))
        {
            var settings = ReadIfThere(Path.Combine(path, ConfigFile));
            var tensors = Directory.Exists(final) ? OfWeights("", final).Tensors : [];
            return new Inspection("lori-run", tensors, new JsonObject { ["finished"] = Directory.Exists(final), ["config"] = settings });
        }

        return OfWeights("model-folder", path);
    }

    private static Inspection OfWeights(string format, string path)
    {
        using var source = Checkpoint.Open(path);
        var config = Directory.Exists(path) ? ReadIfThere(Path.Combine(path, ConfigFile)) ?? source.Config.DeepClone().AsObject() : null;
        return new Inspection(format, source.Tensors, new JsonObject { ["config"] = config });
    }

    private static JsonObject? ReadIfThere(string file) => File.Exists(file) ? JsonFile.ReadObject(file) : null;

    private static Inspection OfCache(string path)
    {
        var file = CacheIndex.FileOf(path);
        CacheIndex.Read(file);
        return new Inspection(CacheIndex.FormatName, [], new JsonObject { ["index"] = JsonFile.ReadObject(file) });
    }

    private static bool IsGguf(string path) => path.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase) || Start(path, 4).AsSpan().SequenceEqual("GGUF"u8);

    /// <summary>Text has no zeros; the length that a safetensors file begins with always has some.</summary>
    private static bool IsText(string path) => Start(path, 8) is { Length: > 0 } start && Array.TrueForAll(start, one => one is (>= 0x20 and < 0x7f) or (>= 0x09 and <= 0x0d));

    private static byte[] Start(string path, int bytes)
    {
        try
        {
            using var stream = File.OpenRead(path);
            var start = new byte[bytes];
            return start[..stream.ReadAtLeast(start, bytes, throwOnEndOfStream: false)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: cannot be read ({e.Message}); check that it is a regular file and its permissions", e);
        }
    }

    private static Inspection OfGguf(string path)
    {
        using var file = GgufFile.Open(path);
        var metadata = new JsonObject();
        foreach (var (key, value) in file.Metadata)
        {
            metadata[key] = value is Array list ? $"{list.Length} values" : $"{value}";
        }

        return new Inspection(
            "gguf",
            [.. file.Tensors.Select(t => new WeightInfo(t.Name, t.Shape, t.Type.Name))],
            new JsonObject { ["version"] = file.Version, ["metadata"] = metadata });
    }

    private static Inspection OfSafetensors(string path)
    {
        using var file = SafetensorsFile.Open(path);
        var format = file.Metadata.GetValueOrDefault("format") is SubspaceFile.Format or TrajectoryFormat
            ? file.Metadata["format"]
            : "safetensors";
        if (format == SubspaceFile.Format)
        {
            SubspaceFile.Read(path);
        }
        else if (format == TrajectoryFormat)
        {
            TrajectoryFiles.Check(path);
        }

        var metadata = new JsonObject(file.Metadata.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value)));
        return new Inspection(
            format,
            [.. file.Entries.Select(e => new WeightInfo(e.Name, e.Shape, e.Dtype))],
            new JsonObject { ["metadata"] = metadata });
    }
}
