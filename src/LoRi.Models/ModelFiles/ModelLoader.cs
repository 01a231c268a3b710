using LoRi.Files;
using LoRi.Files.Hub;
using LoRi.Files.Json;
using LoRi.Files.Safetensors;
using LoRi.Files.Text;
using LoRi.Models.Adapters;
using LoRi.Models.Decoders;
using LoRi.Models.Native;
using LoRi.Models.Reasoning;
using LoRi.Models.Tensors;
using LoRi.Models.Weights;
using static TorchSharp.torch;

namespace LoRi.Models.ModelFiles;

/// <summary>Loads models from Hub folders, run directories and GGUF files. Strict: every tensor in its place, none left over.</summary>
public static class ModelLoader
{
    private const string ConfigFile = "config.json";

    /// <summary>
    /// The folder or file that holds the weights: a run directory stands for its <c>final/</c>, and <c>OWNER/NAME</c>, where there is
    /// no such path, for what was downloaded from the Hub. No network is used.
    /// </summary>
    /// <param name="path">A folder, a file, a run directory or <c>OWNER/NAME</c>.</param>
    public static string Resolve(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (!Path.Exists(path) && path.Contains('/') && RepositoryId.IsName(path))
        {
            return HubCache.FindSnapshot(HubOptions.FromEnvironment().CacheFolder, RepositoryId.Parse(RepositoryKind.Model, path)) ?? path;
        }

        var final = Path.Combine(path, "final");
        return Directory.Exists(final) && File.Exists(Path.Combine(final, "config.json")) ? final : path;
    }

    /// <summary>How a trained model is to be asked; null for a plain checkpoint.</summary>
    /// <param name="path">A folder, a file, a run directory or <c>OWNER/NAME</c>.</param>
    /// <exception cref="InputException">The card is malformed.</exception>
    public static ReasoningCard? Card(string path)
    {
        var folder = Resolve(path);
        return Directory.Exists(folder) ? ReasoningCard.Read(folder) : null;
    }

    /// <summary>The shape of a model: its configuration is read, its weights are not.</summary>
    /// <param name="path">A folder, a file, a run directory or <c>OWNER/NAME</c>.</param>
    /// <exception cref="InputException">Files are missing, malformed or of an unsupported kind.</exception>
    public static DecoderConfig Shape(string path)
    {
        var folder = Resolve(path);
        CheckConfigFirst(folder);
        using var source = Checkpoint.Open(folder);
        return ConfigOf(source, folder);
    }

    /// <summary>
    /// Loads a model as it is and, for a trained one, its card. With an adapter the model has it attached, not merged; an adapter
    /// that a student left has the student's card and projection beside it.
    /// </summary>
    /// <param name="path">A Hub folder, a run directory, or a GGUF file.</param>
    /// <param name="settings">Where and in which types.</param>
    /// <param name="adapter">The folder of an adapter in peft's form, or a run that trained one; null for none.</param>
    /// <returns>The model, which the caller disposes of, and its card; null for a plain checkpoint.</returns>
    /// <exception cref="InputException">Files are missing, malformed, of an unsupported kind, or do not fit together.</exception>
    public static (ReasoningModel Model, ReasoningCard? Card) Load(string path, LoadSettings settings, string? adapter = null)
    {
        NativeRuntime.Load();
        var folder = Resolve(path);
        var lora = adapter is null ? null : AdapterFolder.Resolve(adapter);
        var cardFolder = lora is not null && ReasoningCard.Read(lora) is not null ? lora : folder;
        var card = Directory.Exists(cardFolder) ? ReasoningCard.Read(cardFolder) : null;
        var projection = card is null
            ? new FeedbackProjection(ProjectionKind.Identity, 0)
            : new FeedbackProjection(card.Projection, card.ProjectionWidth);
        using var weights = projection.Kind == ProjectionKind.Identity
            ? null
            : ModuleFiles.Open(cardFolder, ReasoningCard.WeightsFile);
        AdapterFolder? opened = null;
        try
        {
            var model = Open(folder, settings, config =>
            {
                CheckProjection(projection, config.HiddenSize, weights);
                opened = lora is null ? null : AdapterFolder.Open(lora, config);
                var extra = opened?.Plan.ExtraRows(config) ?? 0;
                var special = Special(cardFolder, card, config, extra);
                var modules = card is null ? [] : ModulesOf(card, config, settings.WithKept);
                ModuleFiles.CheckFits(cardFolder, modules);
                return new ModelParts(special, projection, extra, opened?.Plan, modules);
            });
            return (Filled(model, opened, weights, cardFolder), card);
        }
        finally
        {
            opened?.Dispose();
        }
    }

    /// <summary>
    /// Loads weights to train from. A student (where <paramref name="parts"/> are given) gets a new feedback projection and rows
    /// for its markers, where it has any, all of them still zero; adapters (where <paramref name="adapters"/> are given) are zero as
    /// well, the base is frozen, and the rows of the markers are trained beside the adapters.
    /// </summary>
    /// <param name="path">A folder, a file, a run directory or <c>OWNER/NAME</c>.</param>
    /// <param name="settings">The types of weights and arithmetic, and the device.</param>
    /// <param name="parts">What a student has beside a plain model; null for a teacher.</param>
    /// <param name="adapters">Rank, scaling and targets; null to train the weights themselves.</param>
    /// <returns>The model, which the caller disposes of.</returns>
    /// <exception cref="InputException">Files are missing, malformed, of an unsupported kind, or do not fit together.</exception>
    public static ReasoningModel LoadToTrain(string path, LoadSettings settings, StudentParts? parts, LoraSettings? adapters = null)
    {
        if (settings.Storage != WeightStorage.Widened)
        {
            throw new ArgumentException($"{settings.Storage}: weights are trained in their own type alone", nameof(settings));
        }

        var folder = Resolve(path);
        var card = Card(path);
        return Open(folder, settings, config =>
        {
            card?.CheckFits(folder, config.VocabularySize, config);
            var end = card?.Special.Eos;
            var eos = end ?? (config.EosIds.Count > 0 ? config.EosIds[0] : throw NoEnd(folder));
            config.CheckEnds(ConfigPlace(folder), [eos]);
            var special = new SpecialIds(
                parts?.Bot ?? config.VocabularySize, parts?.Eot ?? config.VocabularySize + 1, eos)
            { Latent = parts?.Latent };
            var marked = parts?.Bot is not null;
            var extra = !marked ? 0 : System.Math.Max(0, special.Markers.Max() + 1 - config.VocabularySize);
            var projection =
                new FeedbackProjection(parts?.Projection ?? ProjectionKind.Identity, parts?.ProjectionWidth ?? config.HiddenSize);
            var trained = !marked ? [] : parts!.WithEnds ? WithEnds(special, config) : special.Markers;
            return new ModelParts(special, projection, extra,
                adapters is null ? null : AdapterPlan.ToTrain(adapters, config, trained, parts?.Tokens),
                parts?.Modules(config.WithoutRows(special.Markers)) ?? []);
        });
    }

    /// <summary>
    /// A student that starts from a student keeps the rows of its markers and its feedback projection: copies the projection and
    /// tells true where the start's card names the same markers and the same kind and width. Otherwise nothing changes.
    /// </summary>
    /// <param name="path">The start: a Hub folder, a run directory, or a GGUF file.</param>
    /// <param name="model">What <see cref="LoadToTrain"/> made of it.</param>
    /// <exception cref="InputException">The projection's file is missing or does not fit the card.</exception>
    public static bool ContinuesStudent(string path, ReasoningModel model)
    {
        var folder = Resolve(path);
        if (Card(path) is not { LatentSteps: > 0 } card || card.Special != model.Special || card.Projection != model.Projection.Kind
            || (card.Projection == ProjectionKind.Mlp && card.ProjectionWidth != model.Projection.Width))
        {
            return false;
        }

        using var weights = card.Projection == ProjectionKind.Identity
            ? null
            : ModuleFiles.Open(folder, ReasoningCard.WeightsFile);
        CheckProjection(model.Projection, model.Config.HiddenSize, weights);
        FillProjection(model, weights);
        return true;
    }

    /// <summary>The markers, the end of sequence, and padding where the table has a row for it.</summary>
    private static int[] WithEnds(SpecialIds special, DecoderConfig config) =>
        [.. special.Markers.Append(special.Eos).Append(config.PadId ?? special.Eos).Where(id => id < config.VocabularySize
            || special.Markers.Contains(id)).Distinct()];

    private static SpecialIds Special(string folder, ReasoningCard? card, DecoderConfig config, int extraRows)
    {
        card?.CheckFits(folder, config.VocabularySize + extraRows, config);
        return card?.Special ?? new SpecialIds(config.VocabularySize, config.VocabularySize + 1, config.EosIds.FirstOrDefault(-1));
    }

    /// <summary>What a card's way of reasoning needs, and the auxiliary decoder where it was kept and is asked for.</summary>
    private static IReadOnlyList<ModelModule> ModulesOf(ReasoningCard card, DecoderConfig config, bool withKept) =>
    [
        .. card.Reasoning.Modules(config),
        .. withKept && card.HasAuxiliaryDecoder
            ? [AuxiliaryDecoder.Module(config.WithoutRows(card.Special.Markers)) with { Exported = true }]
            : Array.Empty<ModelModule>(),
    ];

    private static InputException NoEnd(string path) =>
        new($"{path}: {(File.Exists(path) ? "its metadata" : ConfigFile)} names no eos_token_id, which ends an answer; add it there");

    private static ReasoningModel Open(string folder, LoadSettings settings, Func<DecoderConfig, ModelParts> choose)
    {
        CheckConfigFirst(folder);
        using var source = Checkpoint.Open(folder);
        var fit = WeightFit.Of(source, ConfigOf(source, folder));
        var (special, projection, extra, adapters, modules) = choose(fit.Config);
        fit = adapters?.Unties(fit.Config) == true ? fit.Untied() : fit;
        var config = fit.Config;
        using var stored = StoredWeights.AreIn(settings) && adapters is null && extra == 0
            ? new StoredWeights(source, fit, settings.Storage)
            : null;
        stored?.Read();
        ReasoningModel Made(IReadOnlyDictionary<string, StoredMatrix> matrices) => new(
            config, extra, special, projection, settings.Precision, settings.Device, adapters, fit.Names.Keys.ToHashSet(), modules,
            matrices)
        { Notes = [.. config.Notes, .. fit.Notes, .. stored?.Notes ?? []] };
        var model = stored is null ? Made(new Dictionary<string, StoredMatrix>()) : stored.HandTo(Made);
        try
        {
            Fill(model, source, fit);
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    private static DecoderConfig ConfigOf(IWeightSource source, string folder)
    {
        var config = DecoderConfig.FromJson(source.Config, ConfigPlace(folder));
        var generation = Path.Combine(folder, ModelWriter.GenerationFile);
        return config.PadId is not null || !File.Exists(generation) ? config
            : config with { PadId = new ConfigFields(JsonFile.ReadObject(generation), generation).IdOrNone("pad_token_id") };
    }

    /// <summary>Where the configuration of a folder or file of weights stands.</summary>
    internal static string ConfigPlace(string folder) => File.Exists(folder) ? folder : Path.Combine(folder, ConfigFile);

    /// <summary>The model with its adapter's and its projection's weights; disposed of where they hold what no weight may be.</summary>
    private static ReasoningModel Filled(ReasoningModel model, AdapterFolder? adapter, SafetensorsFile? projection, string cardFolder)
    {
        try
        {
            adapter?.CopyInto(model);
            FillProjection(model, projection);
            ModuleFiles.Fill(model, cardFolder);
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>A configuration that is not supported is named before weights are looked for; a GGUF has its own.</summary>
    private static void CheckConfigFirst(string folder)
    {
        HubSnapshot.CheckModel(folder);
        var file = Path.Combine(folder, ConfigFile);
        if (File.Exists(file) && (SafetensorsCheckpoint.IsIn(folder) || Directory.GetFiles(folder, "*.gguf").Length != 1))
        {
            DecoderConfig.FromJson(JsonFile.ReadObject(file), file);
        }
    }

    private static void Fill(ReasoningModel model, IWeightSource source, WeightFit fit)
    {
        var tables = DecoderLayout.Tables(model.Config).ToHashSet();
        using var guard = no_grad();
        foreach (var (parameter, tensor) in fit.Names.Where(pair => !model.Parameters.IsStored(pair.Key)))
        {
            using var scope = NewDisposeScope();
            var target = model.Parameters.Part(parameter);
            if (tables.Contains(parameter))
            {
                var rows = target.shape[0] - model.ExtraRows;
                target.narrow(0, rows, model.ExtraRows).zero_();
                target = target.narrow(0, 0, rows);
            }

            source.CopyInto(tensor, target);
            FiniteWeights.Check(source.Path, tensor, target);
        }
    }

    private static void CheckProjection(FeedbackProjection projection, int hidden, SafetensorsFile? file)
    {
        foreach (var slot in projection.Slots(hidden))
        {
            var found = file!.Get(slot.Name).Shape;
            if (!found.SequenceEqual(slot.Shape))
            {
                throw new InputException(
                    $"{file.Path}: {slot.Name} has shape {MessageText.Shape(found)}, but {ReasoningCard.FileName} and {ConfigFile} ask "
                    + $"for {MessageText.Shape(slot.Shape)}");
            }
        }
    }

    private static void FillProjection(ReasoningModel model, SafetensorsFile? file)
    {
        using var guard = no_grad();
        foreach (var slot in model.Projection.Slots(model.Config.HiddenSize))
        {
            using var scope = NewDisposeScope();
            var target = model.Parameters[slot.Name].detach();
            file!.CopyInto(slot.Name, target);
            FiniteWeights.Check(file!.Path, slot.Name, target);
        }
    }

    /// <summary>What a model consists of beside what its checkpoint says.</summary>
    private sealed record ModelParts(
        SpecialIds Special, FeedbackProjection Projection, int ExtraRows, AdapterPlan? Adapters, IReadOnlyList<ModelModule> Modules);
}
