using LoRi.Files;
using LoRi.Files.Disk;
using LoRi.Files.Json;
using LoRi.Files.Safetensors;
using LoRi.Files.Text;
using LoRi.Models.Decoders;
using LoRi.Models.Weights;
using static TorchSharp.torch;

namespace LoRi.Models.Adapters;

/// <summary>
/// A folder in peft's form: <c>adapter_config.json</c> and <c>adapter_model.safetensors</c>. Strict: every tensor that the
/// configuration asks for and no other, in its shape, with finite values.
/// </summary>
internal sealed class AdapterFolder : IDisposable
{
    private const string WeightsName = "adapter_model.safetensors";
    private const string PickleName = "adapter_model.bin";
    private static readonly string[] FloatTypes = ["F64", "F32", "F16", "BF16"];

    private readonly SafetensorsFile file;

    private AdapterFolder(SafetensorsFile file, AdapterPlan plan) => (this.file, Plan) = (file, plan);

    /// <summary>Which modules have adapters.</summary>
    public AdapterPlan Plan { get; }

    /// <summary>The adapter in a run's <c>final/</c>.</summary>
    public const string InFinal = "adapter";

    /// <summary>Whether a folder holds an adapter.</summary>
    public static bool IsOne(string folder) => File.Exists(Path.Combine(folder, AdapterConfig.FileName));

    /// <summary>
    /// The folder that holds the adapter: a run directory, or its <c>final/</c>, stands for the adapter that the run trained. Null where
    /// there is none.
    /// </summary>
    public static string? Find(string path) =>
        new[] { path, Path.Combine(path, InFinal), Path.Combine(path, "final", InFinal) }.FirstOrDefault(IsOne);

    /// <summary>The same where there must be one.</summary>
    /// <exception cref="InputException">There is none.</exception>
    public static string Resolve(string path) => Find(path)
        ?? throw new InputException(
            $"--adapter {path}: has no {AdapterConfig.FileName}; name a folder in peft's form, or a run that trained an adapter");

    /// <summary>Opens an adapter for a model of a shape; nothing of its size is allocated before its tensors were compared.</summary>
    /// <exception cref="InputException">Files are missing or malformed, ask for what is not supported, or do not fit the model.</exception>
    public static AdapterFolder Open(string folder, DecoderConfig shape)
    {
        var plan = AdapterPlan.For(AdapterConfigReader.Read(folder), shape, Path.Combine(folder, AdapterConfig.FileName));
        var weights = Path.Combine(folder, WeightsName);
        if (!File.Exists(weights) && File.Exists(Path.Combine(folder, PickleName)))
        {
            throw new InputException(
                $"{folder}: has its weights as {PickleName} only, a pickle, which can run any program and is never loaded; save the "
                + "adapter as safetensors");
        }

        var file = SafetensorsFile.Open(weights);
        try
        {
            Check(file, plan, shape);
            return new AdapterFolder(file, plan);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Fills the adapters of a model that was made with this plan.</summary>
    /// <exception cref="InputException">A value is NaN or infinite.</exception>
    public void CopyInto(ReasoningModel model)
    {
        using var guard = no_grad();
        TableChanges.Apply(file, Plan.Tables, model);
        var isOfTable = Plan.Tables.SelectMany(table => table.Whole.Append(table.A).Append(table.B)).ToHashSet();
        foreach (var entry in file.Entries)
        {
            using var scope = NewDisposeScope();
            if (isOfTable.Contains(entry.Name))
            {
                continue;
            }

            var target = model.Parameters.Part(entry.Name);
            file.CopyInto(entry.Name, target);
            if (!target.isfinite().all().item<bool>())
            {
                throw new InputException($"{file.Path}: {entry.Name} holds NaN or infinity; the adapter is damaged, fetch it again");
            }
        }
    }

    /// <summary>Writes the adapters of a model.</summary>
    /// <param name="folder">The folder; it is made where it is not there.</param>
    /// <param name="model">A model with adapters.</param>
    /// <param name="basePath">What the adapters were trained on, as peft is to find it.</param>
    public static void Write(string folder, ReasoningModel model, string basePath)
    {
        var plan = model.Adapters ?? throw new ArgumentException("the model has no adapters", nameof(model));
        AtomicFile.CreateFolder(folder);
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        SafetensorsWriter.Write(
            Path.Combine(folder, WeightsName),
            Names(plan).Order(StringComparer.Ordinal).Select(name => TensorContent.FromTensor(name, model.Parameters.Part(name))),
            new Dictionary<string, string> { ["format"] = "pt" });
        var targets = plan.Modules.Select(adapted => adapted.Module.Name.Split('.')[^1]).Distinct().Order(StringComparer.Ordinal);
        var config = plan.Config with { Base = basePath };
        AtomicFile.WriteText(Path.Combine(folder, AdapterConfig.FileName),
            config.ToJson(targets, plan.Modules.Any(adapted => adapted.Module.InputFirst)).ToJsonString(JsonText.Indented) + "\n");
    }

    /// <summary>What an adapter's files say, without a model to compare them with.</summary>
    /// <exception cref="InputException">The configuration or the weights are missing or malformed.</exception>
    internal static (AdapterConfig Config, IReadOnlyList<WeightInfo> Tensors) Look(string folder)
    {
        var config = AdapterConfigReader.Read(folder);
        using var file = SafetensorsFile.Open(Path.Combine(folder, WeightsName));
        return (config, [.. file.Entries.Select(entry => new WeightInfo(entry.Name, entry.Shape, entry.Dtype))]);
    }

    /// <summary>
    /// Writes the weights of an adapter into another folder, in another type; the tensors are checked, the base is not needed.
    /// </summary>
    /// <exception cref="InputException">The configuration or the weights are missing or malformed.</exception>
    internal static void Copy(string from, string to, ScalarType type)
    {
        AdapterConfigReader.Read(from);
        using var file = SafetensorsFile.Open(Path.Combine(from, WeightsName));
        foreach (var entry in file.Entries)
        {
            CheckType(file, entry);
        }

        SafetensorsWriter.Write(
            Path.Combine(to, WeightsName),
            file.Entries.Select(
                entry => TensorContent.FromDeferred(entry.Name, type, entry.Shape, () => file.ReadTensor(entry.Name, type))),
            new Dictionary<string, string> { ["format"] = "pt" });
    }

    /// <inheritdoc/>
    public void Dispose() => file.Dispose();

    private static IEnumerable<string> Names(AdapterPlan plan) =>
        plan.Modules.SelectMany(adapted => new[] { adapted.A, adapted.B }).Concat(plan.Rows.Select(rows => rows.Name));

    private static Dictionary<string, long[]> Shapes(AdapterPlan plan, DecoderConfig shape)
    {
        var shapes = plan.Rows.ToDictionary(rows => rows.Name, rows => (long[])[rows.Ids.Count, shape.HiddenSize]);
        foreach (var adapted in plan.Modules)
        {
            shapes[adapted.A] = [adapted.Rank, adapted.Module.Inputs];
            shapes[adapted.B] = [adapted.Module.Outputs, adapted.Rank];
        }

        foreach (var (name, sizes) in plan.Tables.SelectMany(table => table.Shapes(shape)))
        {
            shapes[name] = sizes;
        }

        return shapes;
    }

    private static void Check(SafetensorsFile file, AdapterPlan plan, DecoderConfig shape)
    {
        var wanted = Shapes(plan, shape);
        string[] missing =
            [.. wanted.Keys.Where(name => file.Find(name) is null),
                .. plan.Tables.Where(table => table.Saved && !table.Whole.Any(name => file.Find(name) is not null))
                    .Select(table => table.Whole[0])];
        foreach (var name in TableChanges.Whole(file, plan.Tables, shape))
        {
            wanted[name] = [shape.VocabularySize, shape.HiddenSize];
        }

        string[] surplus = [.. file.Entries.Select(entry => entry.Name).Where(name => !wanted.ContainsKey(name))];
        if (missing.Length + surplus.Length > 0)
        {
            throw new InputException(
                $"{file.Path}: the tensors do not fit {AdapterConfig.FileName} and the model; missing: {MessageText.List(missing)}; "
                + $"unexpected: {MessageText.List(surplus)}");
        }

        foreach (var entry in file.Entries)
        {
            if (!entry.Shape.SequenceEqual(wanted[entry.Name]))
            {
                throw new InputException(
                    $"{file.Path}: {entry.Name} has shape {MessageText.Shape(entry.Shape)}, but rank and model ask "
                    + $"for {MessageText.Shape(wanted[entry.Name])}");
            }

            CheckType(file, entry);
        }
    }

    private static void CheckType(SafetensorsFile file, SafetensorsEntry entry)
    {
        if (!FloatTypes.Contains(entry.Dtype))
        {
            throw new InputException(
                $"{file.Path}: {MessageText.Quote(entry.Name)} is {entry.Dtype}; an adapter's weights must "
                + $"be {string.Join(", ", FloatTypes)}");
        }
    }
}
