using LoRi.Training.Checkpoints;
using LoRi.Training.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace LoRi.Training.ModelFiles;

/// <summary>Where and in which types a model is loaded.</summary>
/// <param name="Precision">Types of weights and arithmetic.</param>
/// <param name="Device">Where it lives.</param>
public sealed record LoadSettings(Precision Precision, Device Device)
{
    /// <summary>On the CPU.</summary>
    public static LoadSettings OnCpu(Precision precision) => new(precision, CPU);
}

/// <summary>What a student needs beyond its start weights.</summary>
/// <param name="Projection">Kind of the feedback projection.</param>
/// <param name="ProjectionWidth">Inner width of the mlp; left out, the hidden size.</param>
/// <param name="Bot">Id of <c>&lt;bot&gt;</c>; rows are appended to the table where it lacks them.</param>
/// <param name="Eot">Id of <c>&lt;eot&gt;</c>.</param>
public sealed record StudentParts(ProjectionKind Projection, int? ProjectionWidth, int Bot, int Eot);

/// <summary>Loads models from Hub folders, run directories and GGUF files. Strict: every tensor in its place, none left over.</summary>
public static class ModelLoader
{
    private static readonly string[] Ignored = ["rotary_emb.inv_freq"];

    /// <summary>The folder or file that holds the weights: a run directory stands for its <c>final/</c>.</summary>
    public static string Resolve(string path)
    {
        var final = Path.Combine(path, "final");
        return Directory.Exists(final) && File.Exists(Path.Combine(final, "config.json")) ? final : path;
    }

    /// <summary>How a trained model is to be asked; null for a plain checkpoint.</summary>
    /// <exception cref="InputException">The card is malformed.</exception>
    public static ReasoningCard? Card(string path)
    {
        var folder = Resolve(path);
        return Directory.Exists(folder) ? ReasoningCard.Read(folder) : null;
    }

    /// <summary>Loads a model as it is and, for a trained one, its card.</summary>
    /// <exception cref="InputException">Files are missing, malformed, of an unsupported kind, or do not fit together.</exception>
    public static (ReasoningModel Model, ReasoningCard? Card) Load(string path, LoadSettings settings)
    {
        var folder = Resolve(path);
        var card = Card(path);
        var projection = card is null ? new FeedbackProjection(ProjectionKind.Identity, 0) : new FeedbackProjection(card.Projection, card.ProjectionWidth);
        var model = Open(folder, settings, config => (
            Special(folder, card, config), projection, 0));
        if (card is not null && projection.Kind != ProjectionKind.Identity)
        {
            using var weights = SafetensorsFile.Open(Path.Combine(folder, ReasoningCard.WeightsFile));
            FillProjection(model, weights);
        }

        return (model, card);
    }

    /// <summary>
    /// Loads weights to train from. A student (where <paramref name="parts"/> are given) gets a new feedback projection and rows
    /// for its markers, all of them still zero.
    /// </summary>
    /// <exception cref="InputException">Files are missing, malformed, of an unsupported kind, or do not fit together.</exception>
    public static ReasoningModel LoadToTrain(string path, LoadSettings settings, StudentParts? parts)
    {
        var folder = Resolve(path);
        var card = Card(path);
        return Open(folder, settings, config =>
        {
            card?.CheckFits(folder, config.VocabularySize, config);
            var end = card?.EosId;
            var eos = end ?? (config.EosIds.Count > 0 ? config.EosIds[0] : throw NoEnd(folder));
            var special = new SpecialIds(parts?.Bot ?? config.VocabularySize, parts?.Eot ?? config.VocabularySize + 1, eos);
            var extra = parts is null ? 0 : System.Math.Max(0, System.Math.Max(special.Bot, special.Eot) + 1 - config.VocabularySize);
            return (special, new FeedbackProjection(parts?.Projection ?? ProjectionKind.Identity, parts?.ProjectionWidth ?? config.HiddenSize), extra);
        });
    }

    private static SpecialIds Special(string folder, ReasoningCard? card, DecoderConfig config)
    {
        card?.CheckFits(folder, config.VocabularySize, config);
        return card?.Special ?? new SpecialIds(config.VocabularySize, config.VocabularySize + 1, config.EosIds.FirstOrDefault(-1));
    }

    private static InputException NoEnd(string path) =>
        new($"{path}: config.json names no eos_token_id, which ends an answer; add it there");

    private static ReasoningModel Open(
        string folder, LoadSettings settings, Func<DecoderConfig, (SpecialIds Special, FeedbackProjection Projection, int ExtraRows)> choose)
    {
        using var source = Checkpoint.Open(folder);
        var config = DecoderConfig.FromJson(source.Config, File.Exists(folder) ? folder : Path.Combine(folder, "config.json"));
        var (special, projection, extra) = choose(config);
        var model = new ReasoningModel(config, extra, special, projection, settings.Precision, settings.Device);
        try
        {
            Fill(model, source, extra);
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    private static void Fill(ReasoningModel model, IWeightSource source, int extraRows)
    {
        var wanted = model.Parameters.PartNames.Where(name => !name.StartsWith("prj.", StringComparison.Ordinal)).ToHashSet();
        var found = source.Tensors.ToDictionary(tensor => tensor.Name);
        var missing = wanted.Where(name => !found.ContainsKey(name)).ToArray();
        var surplus = found.Keys.Where(name => !wanted.Contains(name) && !MayBeIgnored(name, model.Config)).ToArray();
        if (missing.Length + surplus.Length > 0)
        {
            throw new InputException(
                $"{source.Path}: the weights do not fit config.json; missing: {Listed(missing)}; unexpected: {Listed(surplus)}");
        }

        using var guard = no_grad();
        foreach (var name in wanted)
        {
            using var scope = NewDisposeScope();
            var target = model.Parameters.Part(name);
            var table = name is "model.embed_tokens.weight" or "lm_head.weight";
            target = table && extraRows > 0 ? target.narrow(0, 0, target.shape[0] - extraRows) : target;
            CheckShape(source.Path, found[name], target);
            source.CopyInto(name, target);
            CheckFinite(source.Path, name, target);
        }
    }

    private static void FillProjection(ReasoningModel model, SafetensorsFile file)
    {
        using var guard = no_grad();
        foreach (var slot in model.Projection.Slots(model.Config.HiddenSize))
        {
            using var scope = NewDisposeScope();
            var entry = file.Get(slot.Name);
            CheckShape(file.Path, new WeightInfo(entry.Name, entry.Shape, entry.Dtype), model.Parameters[slot.Name]);
            file.CopyInto(slot.Name, model.Parameters[slot.Name].detach());
        }
    }

    private static bool MayBeIgnored(string name, DecoderConfig config) =>
        Ignored.Any(end => name.EndsWith(end, StringComparison.Ordinal)) || (config.TiedHead && name == "lm_head.weight");

    private static void CheckShape(string path, WeightInfo found, Tensor target)
    {
        if (!found.Shape.SequenceEqual(target.shape))
        {
            throw new InputException(
                $"{path}: {found.Name} has shape [{string.Join(", ", found.Shape)}], but config.json asks for [{string.Join(", ", target.shape)}]");
        }
    }

    private static void CheckFinite(string path, string name, Tensor values)
    {
        if (!values.sum().isfinite().item<bool>() && !values.isfinite().all().item<bool>())
        {
            throw new InputException($"{path}: {name} holds NaN or infinity; the checkpoint is damaged, fetch it again");
        }
    }

    private static string Listed(string[] names) => names.Length switch
    {
        0 => "none",
        <= 4 => string.Join(", ", names),
        _ => $"{string.Join(", ", names.Take(4))} and {names.Length - 4} more",
    };
}
