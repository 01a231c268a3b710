using System.Text.Json.Nodes;
using LoRi.Files;
using LoRi.Files.Settings;
using LoRi.Models.Decoders;
using LoRi.Models.ModelFiles;
using LoRi.Models.Weights;
using LoRi.Runs.Plans;
using LoRi.Training;
using LoRi.Training.Methods;

namespace LoRi.Runs.Inspect;

/// <summary>What <c>lori inspect</c> says of a model beside its tensors: what it is, what it takes, and what looks wrong.</summary>
internal static class ModelReport
{
    /// <summary>Adds <c>model</c>, <c>memory</c> and <c>findings</c> to the details of an inspection.</summary>
    /// <param name="details">Where they go.</param>
    /// <param name="source">The weights.</param>
    /// <param name="path">What was inspected, a folder or a file.</param>
    public static void AddTo(JsonObject details, IWeightSource source, string path)
    {
        var findings = new ModelFindings(source, path);
        var (shape, wrong) = Shape(source, path);
        var fitted = shape is null ? null : StoredHead.Resolve(source, shape);
        details["model"] = Model(source, fitted);
        details["memory"] = fitted is null ? new JsonArray() : Memory(fitted, ModelParts.Of(path));
        details["findings"] = new JsonArray(
            [.. findings.All(shape, wrong).Select(found => (JsonNode)new JsonObject { ["level"] = found.Level, ["text"] = found.Text })]);
    }

    /// <summary>The shape; where the model cannot be loaded, why.</summary>
    private static (DecoderConfig? Shape, string? Wrong) Shape(IWeightSource source, string path)
    {
        try
        {
            var shape = DecoderConfig.FromJson(source.Config, Directory.Exists(path) ? Path.Combine(path, "config.json") : path);
            return shape.Layers <= source.Tensors.Count
                ? (shape, null)
                : (null, $"{path}: config.json names {shape.Layers} blocks, but there are {source.Tensors.Count} tensors");
        }
        catch (InputException e)
        {
            return (null, e.Message);
        }
    }

    private static JsonObject Model(IWeightSource source, DecoderConfig? shape)
    {
        var values = source.Tensors.GroupBy(tensor => tensor.Dtype).OrderBy(group => group.Key, StringComparer.Ordinal).Select(group =>
            KeyValuePair.Create(group.Key, (JsonNode?)group.Sum(tensor => tensor.Shape.Aggregate(1L, (product, size) => product * size))));
        var model = new JsonObject { ["values_by_dtype"] = new JsonObject(values) };
        if (shape is null)
        {
            return model;
        }

        var estimate = new MemoryEstimate(shape);
        foreach (var (key, value) in new (string, JsonNode?)[]
        {
            ("architecture", shape.Family.ToString()),
            ("parameters", estimate.Parameters),
            ("adapter_parameters", estimate.AdapterParameters),
            ("layers", shape.Layers),
            ("hidden_size", shape.HiddenSize),
            ("intermediate_size", shape.IntermediateSize),
            ("query_heads", shape.QueryHeads),
            ("key_value_heads", shape.KeyValueHeads),
            ("head_size", shape.HeadSize),
            ("vocabulary_size", shape.VocabularySize),
            ("max_positions", shape.MaxPositions),
            ("tied_head", shape.TiedHead),
            ("rope_scaling", shape.Scaling?.ToString()),
            ("sliding_window", shape.SlidingWindow),
        })
        {
            model[key] = value;
        }

        return model;
    }

    /// <summary>What answering takes, with the parts that it needs, and what training would take.</summary>
    private static JsonArray Memory(DecoderConfig shape, IReadOnlyList<ModelPart> parts)
    {
        var estimate = new MemoryEstimate(shape);
        var rows = new JsonArray();
        foreach (var (dtype, bytes) in new[] { ("float64", 8), ("float32", 4), ("bfloat16", 2) })
        {
            var needed = parts.Where(part => part.IsNeeded).Sum(part => part.Values);
            rows.Add(Row("generate", dtype, null, estimate.Inference(bytes) + ((double)bytes * needed)));
        }

        foreach (var (dtype, bytes) in new[] { ("float32", 4), ("bfloat16", 2) })
        {
            foreach (var adapters in new[] { false, true })
            {
                var methods = KnownMethods.Students.Prepend(KnownMethods.Teacher).ToArray();
                foreach (var method in methods)
                {
                    var needed = estimate.Training(method.About, bytes, adapters, method.About.HoldsTeacher, Modules(method, shape));
                    rows.Add(Row(method.About.Name, dtype, adapters, needed));
                }

                foreach (var method in methods.Select(method => method.About).Where(method => method.HoldsTeacherBy is not null))
                {
                    rows.Add(Row($"{method.Name} {method.HoldsTeacherBy}", dtype, adapters,
                        estimate.Training(method, bytes, adapters, online: true)));
                }
            }
        }

        return rows;
    }

    /// <summary>What a method trains beside the decoder, by its usual settings.</summary>
    private static IReadOnlyList<ModelModule> Modules(IMethod method, DecoderConfig shape)
    {
        using var plan = method.Plan(SettingValues.None);
        return plan.Modules(shape);
    }

    private static JsonObject Row(string use, string dtype, bool? adapters, double bytes) => new()
    {
        ["use"] = use,
        ["dtype"] = dtype,
        ["trained"] = adapters switch { null => "nothing", true => "lora", false => "all" },
        ["bytes"] = (long)bytes,
    };
}
