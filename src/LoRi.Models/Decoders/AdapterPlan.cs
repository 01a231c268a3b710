using System.Globalization;
using LoRi.Files;
using LoRi.Files.Text;

namespace LoRi.Models.Decoders;

/// <summary>A linear map and its adapter.</summary>
/// <param name="Module">The map.</param>
/// <param name="Rank">Rank of the adapter.</param>
/// <param name="Scaling">What B A is multiplied by.</param>
public sealed record AdaptedModule(LinearModule Module, int Rank, double Scaling)
{
    /// <summary>Name of the matrix A, rank x inputs, in peft's files.</summary>
    public string A => $"{AdapterPlan.Prefix}{Module.Name}.lora_A.weight";

    /// <summary>Name of the matrix B, outputs x rank, in peft's files.</summary>
    public string B => $"{AdapterPlan.Prefix}{Module.Name}.lora_B.weight";
}

/// <summary>Rows of a table that are replaced by ones of their own, as peft's trainable tokens are.</summary>
/// <param name="Table">The stored parameter that holds the table.</param>
/// <param name="Ids">Which rows.</param>
public sealed record ReplacedRows(string Table, IReadOnlyList<int> Ids)
{
    /// <summary>Name of the rows, ids x width, in peft's files.</summary>
    public string Name => $"{AdapterPlan.Prefix}{Table[..^".weight".Length]}.token_adapter.trainable_tokens_delta";
}

/// <summary>What becomes of the rows of tokens that are replaced beside adapters in training.</summary>
/// <param name="Learn">Whether they are trained; else they stay as they begin.</param>
/// <param name="Decay">Whether they are decayed as matrices are.</param>
public sealed record TokenTraining(bool Learn = true, bool Decay = false);

/// <summary>A configuration applied to a model's shape: which module gets which adapter, and which rows are replaced.</summary>
/// <param name="Config">The configuration that was applied.</param>
/// <param name="Modules">The linear maps that get an adapter.</param>
/// <param name="Rows">The tables of which rows are replaced.</param>
public sealed record AdapterPlan(AdapterConfig Config, IReadOnlyList<AdaptedModule> Modules, IReadOnlyList<ReplacedRows> Rows)
{
    /// <summary>What the adapter says of whole tables: the embedding's, then the head's; empty where it is to be trained.</summary>
    public IReadOnlyList<AdaptedTable> Tables { get; init; } = [];

    /// <summary>What becomes of the rows in training.</summary>
    public TokenTraining Tokens { get; init; } = new();

    /// <summary>What peft's names begin with.</summary>
    public const string Prefix = "base_model.model.";

    /// <summary>Whether a table is changed without the one that it is tied to, so that the model has two from then on.</summary>
    /// <param name="config">The shape of the base model.</param>
    public bool Unties(DecoderConfig config) => config.TiedHead && Tables.Any(table => table.IsApart);

    /// <summary>Rows that the base's table lacks: those of ids beyond it.</summary>
    /// <param name="config">The shape of the base model.</param>
    public int ExtraRows(DecoderConfig config) =>
        System.Math.Max(0, Rows.SelectMany(rows => rows.Ids).DefaultIfEmpty(-1).Max() + 1 - config.VocabularySize);

    /// <summary>Applies a configuration to a model's shape.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="shape">The model.</param>
    /// <param name="place">Names the configuration in errors: an option or a file.</param>
    /// <exception cref="InputException">A target matches nothing in some block; the message names it.</exception>
    public static AdapterPlan For(AdapterConfig config, DecoderConfig shape, string place) =>
        For(config, shape, AdaptedTable.Of(config, shape, place), place);

    private static AdapterPlan For(AdapterConfig config, DecoderConfig shape, IReadOnlyList<AdaptedTable> tables, string place)
    {
        var all = LinearModule.Of(shape);
        CheckLayers(config, shape, place);
        CheckTargets(config, all, tables, shape, place);
        AdaptedModule[] adapted = [.. all.Where(module => IsAdapted(config, module))
            .Select(module => new AdaptedModule(module, config.RankOf(module.Name), config.ScalingOf(module.Name)))];
        if (adapted.Length == 0 && !tables.Any(table => table.IsApart))
        {
            throw new InputException($"{place}: no linear map of the model gets an adapter; its maps are {Maps(all)}");
        }

        var plan = new AdapterPlan(config, adapted,
            [.. config.TokenIds.Select(pair => RowsOf(pair.Key, pair.Value, shape, place))])
        { Tables = tables };
        plan.CheckRows(shape, place);
        return plan;
    }

    /// <summary>Adapters that are to be trained, with the rows of some tokens in every table.</summary>
    /// <param name="settings">Rank, scaling, dropout and targets.</param>
    /// <param name="shape">The shape of the base model.</param>
    /// <param name="tokens">Ids whose rows are trained beside the adapters; they may lie beyond the table.</param>
    /// <param name="training">Which tables the rows are trained in; the default where null.</param>
    /// <exception cref="InputException">A target matches nothing in some block; the message names it.</exception>
    public static AdapterPlan ToTrain(LoraSettings settings, DecoderConfig shape, IReadOnlyList<int> tokens, TokenTraining? training = null)
    {
        var rows = tokens.Count == 0 ? [] : DecoderLayout.Tables(shape).ToDictionary(table => table.Split('.')[^2], _ => tokens);
        var plan = For(AdapterConfig.From(settings) with { TokenIds = rows }, shape, [], "--lora-targets");
        return training is null ? plan : plan with { Tokens = training };
    }

    /// <summary>Where the adapters' own parameters are: for every stored matrix one A of all its parts, and a B for each.</summary>
    /// <param name="shape">The shape of the base model.</param>
    public IEnumerable<ParameterSlot> Slots(DecoderConfig shape)
    {
        foreach (var group in Modules.GroupBy(adapted => adapted.Module.Slot))
        {
            var parts = new List<ParameterPart>();
            foreach (var adapted in group)
            {
                parts.Add(new ParameterPart(adapted.A, parts.Sum(part => part.Rows), adapted.Rank));
            }

            yield return new ParameterSlot(StackedA(group.Key), [parts.Sum(part => part.Rows), group.First().Module.Inputs], true, parts);
            foreach (var adapted in group)
            {
                yield return new ParameterSlot(adapted.B, [adapted.Module.Outputs, adapted.Rank], true);
            }
        }

        foreach (var rows in Rows)
        {
            yield return new ParameterSlot(rows.Name, [rows.Ids.Count, shape.HiddenSize], Tokens.Decay) { Trained = Tokens.Learn };
        }
    }

    /// <summary>Says what is trained, and how much of the model that is.</summary>
    /// <param name="parameters">All weights.</param>
    /// <param name="modules">What is trained beside them.</param>
    /// <param name="info">Told in one line or two.</param>
    public void Describe(ParameterSet parameters, IReadOnlyList<ModelModule> modules, Action<string> info)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentNullException.ThrowIfNull(modules);
        ArgumentNullException.ThrowIfNull(info);
        var maps = Modules.GroupBy(adapted => adapted.Module.Name.Split('.')[^1])
            .Select(group => $"{group.Key} in {group.Select(adapted => adapted.Module.Layer).Distinct().Count()} blocks");
        info($"adapters of rank {Config.Rank}, scaling {Modules[0].Scaling.ToString("G4", CultureInfo.InvariantCulture)}, "
            + $"on {string.Join(", ", maps)}");
        var (trained, frozen) = (parameters.Values.numel(), parameters.Frozen.numel());
        var rows = Tokens.Learn ? Rows.Sum(one => parameters[one.Name].numel()) : 0;
        var lora = Modules.Sum(adapted => adapted.Rank * (adapted.Module.Inputs + adapted.Module.Outputs));
        var beside = modules.Select(module => (module.Name, Count: module.Slots.Where(slot => slot.Trained).Sum(slot => slot.Count)))
            .ToArray();
        var projection = trained - lora - rows - beside.Sum(module => module.Count);
        var others = string.Concat(
            beside.Select(module => string.Create(CultureInfo.InvariantCulture, $", {module.Count:N0} of the {module.Name}")));
        info(string.Create(
            CultureInfo.InvariantCulture,
            $"trainable: {trained:N0} of {trained + frozen:N0} values ({100.0 * trained / (trained + frozen):F2} %): {lora:N0} of "
            + $"adapters, {rows:N0} of marker rows, {projection:N0} of the projection{others}; the base is frozen"));
    }

    /// <summary>Name of the parameter that holds every A of a stored matrix, one under the other.</summary>
    internal static string StackedA(string slot) => $"{Prefix}{slot}.lora_A";

    /// <summary>Rows that the base lacks exist here alone, so every table must get every one of them.</summary>
    private void CheckRows(DecoderConfig shape, string place)
    {
        if (Rows.Count > 0 && Tables.Any(table => table.IsApart))
        {
            throw new InputException(
                $"{place}: has trainable_token_indices beside adapters on tables, or tables that are replaced; both at once are not "
                + "supported");
        }

        var beyond = Enumerable.Range(shape.VocabularySize, ExtraRows(shape)).ToHashSet();
        var lacking = DecoderLayout.Tables(shape)
            .FirstOrDefault(table => !beyond.IsSubsetOf(Rows.FirstOrDefault(rows => rows.Table == table)?.Ids ?? []));
        if (lacking is not null)
        {
            throw new InputException(
                $"{place}: trainable_token_indices names ids beyond the model's {shape.VocabularySize} rows, but leaves some of those "
                + $"of {lacking} without values; the adapter belongs to another model");
        }
    }

    private static bool IsAdapted(AdapterConfig config, LinearModule module) =>
        (config.Targets?.Matches(module.Name) ?? true)
        && config.Excluded?.Matches(module.Name) != true
        && config.Layers?.Contains(module.Layer) != false;

    private static void CheckLayers(AdapterConfig config, DecoderConfig shape, string place)
    {
        if (config.Layers?.FirstOrDefault(layer => layer >= shape.Layers, -1) is { } beyond and >= 0)
        {
            throw new InputException($"{place}: block {beyond} is to have adapters, but the model has blocks 0 to {shape.Layers - 1}");
        }
    }

    /// <summary>
    /// Every name must match in every block: a name that is wrong for the family would else train less than was asked for.
    /// </summary>
    private static void CheckTargets(
        AdapterConfig config, IReadOnlyList<LinearModule> all, IReadOnlyList<AdaptedTable> tables, DecoderConfig shape, string place)
    {
        var layers = config.Layers ?? [.. Enumerable.Range(0, shape.Layers)];
        bool IsTable(string name) => tables.Any(table => table.Rank > 0 && ModuleSelection.IsNamed(AdaptedTable.NameOf(table.Table), name));
        foreach (var name in (config.Targets?.Names ?? []).Where(name => !IsTable(name)))
        {
            var matched = all.Where(module => ModuleSelection.IsNamed(module.Name, name)).Select(module => module.Layer).ToHashSet();
            var namesOneBlock = name.Split('.').Any(segment => int.TryParse(segment, out _));
            if (matched.Count == 0 || (!namesOneBlock && layers.Any(layer => !matched.Contains(layer))))
            {
                var where = matched.Count == 0
                    ? "no linear map of the blocks"
                    : $"no linear map of block {layers.First(layer => !matched.Contains(layer))}";
                throw new InputException($"{place}: target {MessageText.Quote(name)} matches {where}; the maps are {Maps(all)}");
            }
        }
    }

    private static string Maps(IEnumerable<LinearModule> all) =>
        string.Join(", ", all.Select(module => module.Name.Split('.')[^1]).Distinct().Order(StringComparer.Ordinal));

    private static ReplacedRows RowsOf(string table, IReadOnlyList<int> ids, DecoderConfig shape, string place)
    {
        var slot = DecoderLayout.Tables(shape)
            .FirstOrDefault(slot => table.Length == 0 || ModuleSelection.IsNamed(slot[..^".weight".Length], table))
            ?? throw new InputException(
                $"{place}: trainable_token_indices names {MessageText.Quote(table)}, which is no table of the model");
        return ids.Count > 0
            ? new ReplacedRows(slot, ids)
            : throw new InputException($"{place}: trainable_token_indices of {MessageText.Quote(table)} is empty");
    }
}
