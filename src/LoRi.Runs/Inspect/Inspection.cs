using System.Text.Json.Nodes;
using LoRi.Files;
using LoRi.Files.Disk;
using LoRi.Files.Gguf;
using LoRi.Files.Json;
using LoRi.Files.Safetensors;
using LoRi.Files.Text;
using LoRi.Models.Adapters;
using LoRi.Models.Decoders;
using LoRi.Models.Weights;
using LoRi.Training.TeacherCaches;
using LoRi.Training.Trajectories;

namespace LoRi.Runs.Inspect;

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
    /// subspace file or a teacher cache. The values of trajectories and subspaces are checked as well, and the hashes of a cache's files.
    /// </summary>
    /// <param name="path">The file or folder.</param>
    /// <exception cref="InputException">There is no such file, or it must be rejected.</exception>
    public static Inspection Of(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (Directory.Exists(path))
        {
            return OfFolder(path);
        }

        return !File.Exists(path) ? throw new InputException($"{path}: there is no such file or folder")
            : path.EndsWith(".index.json", StringComparison.Ordinal) ? OfIndex(path)
            : IsGguf(path) ? OfGguf(path)
            : IsText(path)
                ? throw new InputException(
                    $"{path}: is text, not tensors; inspect opens safetensors and GGUF files and the folders of models, runs and teacher "
                    + "caches, `lori compare` and `lori report` read evaluations")
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
            return OfRun(path, final);
        }

        var hasWeights = SafetensorsCheckpoint.IsIn(path) || Directory.GetFiles(path, "*.gguf").Length > 0;
        return AdapterFolder.IsOne(path) && !hasWeights ? OfAdapter(path) : OfModel("model-folder", path);
    }

    private static Inspection OfModel(string format, string path)
    {
        using var source = Checkpoint.Open(path);
        var config = Directory.Exists(path)
            ? ReadIfThere(Path.Combine(path, ConfigFile)) ?? (source as GgufCheckpoint)?.Config.DeepClone().AsObject()
            : null;
        var details = new JsonObject { ["config"] = config };
        ModelReport.AddTo(details, source, path);
        return new Inspection(format, source.Tensors, details);
    }

    /// <summary>A run: whether it is finished, what it can be resumed from, its settings, and its model where there is one.</summary>
    private static Inspection OfRun(string path, string final)
    {
        var finished = Directory.Exists(final);
        var details = new JsonObject { ["finished"] = finished };
        IReadOnlyList<WeightInfo> tensors = [];
        if (finished)
        {
            using var source = Checkpoint.Open(final);
            ModelReport.AddTo(details, source, final);
            tensors = source.Tensors;
        }

        var checkpoints = Path.Combine(path, "checkpoints");
        string[] kept = Directory.Exists(checkpoints)
            ? [.. Directory.GetDirectories(checkpoints, "step-*").Select(folder => Path.GetFileName(folder)).Order(StringComparer.Ordinal)]
            : [];
        details["checkpoints"] = new JsonArray([.. kept.Select(name => (JsonNode)name)]);
        details["adapter"] = AdapterFolder.IsOne(Path.Combine(final, AdapterFolder.InFinal));
        details["config"] = ReadIfThere(Path.Combine(path, ConfigFile));
        return new Inspection("lori-run", tensors, details);
    }

    /// <summary>An adapter in peft's form, whose base lies elsewhere.</summary>
    private static Inspection OfAdapter(string path)
    {
        var (config, tensors) = AdapterFolder.Look(path);
        var found = new JsonArray();
        void Say(string level, string text) => found.Add(new JsonObject { ["level"] = level, ["text"] = text });
        Say("note", $"an adapter without its base: it is used with --model BASE --adapter {path}");
        if (config.Base is not { Length: > 0 } basis)
        {
            Say("warning", "adapter_config.json names no base model");
        }
        else if (!Path.Exists(basis) && !Path.Exists(Path.Combine(path, "..", basis)))
        {
            Say("note", $"its base {MessageText.Quote(basis)} is not on this machine under that name");
        }

        var details = new JsonObject
        {
            ["model"] = new JsonObject
            {
                ["architecture"] = "LoRA adapter",
                ["parameters"] = tensors.Sum(tensor => tensor.Shape.Aggregate(1L, (product, size) => product * size)),
                ["base"] = config.Base,
                ["rank"] = config.Rank,
                ["alpha"] = config.Alpha,
                ["rank_stabilised"] = config.RankStabilised,
            },
            ["findings"] = found,
            ["config"] = JsonFile.ReadObject(Path.Combine(path, AdapterConfig.FileName)),
        };
        return new Inspection("adapter-folder", tensors, details);
    }

    private static Inspection OfIndex(string path)
    {
        using var source = SafetensorsCheckpoint.Open(path);
        return new Inspection("safetensors-index", source.Tensors, new JsonObject { ["config"] = null });
    }

    private static JsonObject? ReadIfThere(string file) => File.Exists(file) ? JsonFile.ReadObject(file) : null;

    private static Inspection OfCache(string path)
    {
        var file = CacheIndex.FileOf(path);
        var shards = CacheInspection.Look(path);
        return new Inspection(CacheIndex.FormatName, [], new JsonObject { ["index"] = JsonFile.ReadObject(file), ["shards"] = shards });
    }

    private static bool IsGguf(string path) =>
        path.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase) || InputFile.Start(path, 4).AsSpan().SequenceEqual("GGUF"u8);

    /// <summary>Text has no zeros; the length that a safetensors file begins with always has some.</summary>
    private static bool IsText(string path) =>
        InputFile.Start(path, 8) is { Length: > 0 } start
            && Array.TrueForAll(start, one => one is (>= 0x20 and < 0x7f) or (>= 0x09 and <= 0x0d));

    private static Inspection OfGguf(string path)
    {
        using var file = GgufFile.Open(path);
        var metadata = new JsonObject();
        foreach (var (key, value) in file.Metadata)
        {
            metadata[key] = value is Array list ? $"{list.Length} values" : $"{value}";
        }

        var details = new JsonObject { ["version"] = file.Version, ["metadata"] = metadata };
        if (file.Metadata.ContainsKey("general.architecture") && file.Tensors.Count > 0)
        {
            AddModel(details, path);
        }

        return new Inspection("gguf", [.. file.Tensors.Select(t => new WeightInfo(t.Name, t.Shape, t.Type.Name))], details);
    }

    /// <summary>A container is listed whatever is in it; only a model has more to say.</summary>
    private static void AddModel(JsonObject details, string path)
    {
        try
        {
            using var source = GgufCheckpoint.Open(path);
            ModelReport.AddTo(details, source, path);
        }
        catch (InputException e)
        {
            details["findings"] =
                new JsonArray(new JsonObject { ["level"] = "error", ["text"] = $"cannot be loaded as a model: {e.Message}" });
        }
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
