using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace LoRi.Models.Decoders;

/// <summary>What an <c>adapter_config.json</c> in peft's form says of a LoRA adapter.</summary>
public sealed record AdapterConfig
{
    /// <summary>The file's name.</summary>
    public const string FileName = "adapter_config.json";

    /// <summary>Rank of the modules that no pattern names.</summary>
    public required int Rank { get; init; }

    /// <summary>Alpha of the modules that no pattern names.</summary>
    public required double Alpha { get; init; }

    /// <summary>Share of the inputs dropped while training.</summary>
    public double Dropout { get; init; }

    /// <summary>Whether the scaling is alpha / sqrt(rank) in place of alpha / rank.</summary>
    public bool RankStabilised { get; init; }

    /// <summary>The modules that have an adapter; null for every linear map of the blocks.</summary>
    public ModuleSelection? Targets { get; init; }

    /// <summary>Modules that have none although they are targets.</summary>
    public ModuleSelection? Excluded { get; init; }

    /// <summary>The blocks that have adapters; null for all.</summary>
    public IReadOnlyList<int>? Layers { get; init; }

    /// <summary>Ranks of modules whose names end as a pattern says; the first that fits counts.</summary>
    public IReadOnlyList<(Regex Pattern, double Value)> RankPattern { get; init; } = [];

    /// <summary>Alphas of modules whose names end as a pattern says; the first that fits counts.</summary>
    public IReadOnlyList<(Regex Pattern, double Value)> AlphaPattern { get; init; } = [];

    /// <summary>Ids whose rows of a table are replaced, by the end of the table's name; the empty name is the input table.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<int>> TokenIds { get; init; } = new Dictionary<string, IReadOnlyList<int>>();

    /// <summary>Rows that tables must have for these tokens; 0 where there are none.</summary>
    public int TableRows => TokenIds.Values.SelectMany(ids => ids).DefaultIfEmpty(-1).Max() + 1;

    /// <summary>Whole modules that were trained beside the adapters and are saved with them (<c>modules_to_save</c>).</summary>
    public IReadOnlyList<string> SavedModules { get; init; } = [];

    /// <summary>Whether tables that are tied are to be changed together (<c>ensure_weight_tying</c>).</summary>
    public bool KeepsTables { get; init; }

    /// <summary>The model that it was made for, as the file names it.</summary>
    public string? Base { get; init; }

    /// <summary>The configuration of adapters that are to be trained.</summary>
    /// <param name="settings">Rank, scaling, dropout and targets.</param>
    public static AdapterConfig From(LoraSettings settings) => new()
    {
        Rank = settings.Rank,
        Alpha = settings.Alpha,
        Dropout = settings.Dropout,
        RankStabilised = settings.RankStabilised,
        Targets = settings.Targets is null ? null : ModuleSelection.Of(settings.Targets),
    };

    /// <summary>Rank of a module.</summary>
    /// <param name="module">The full name of a linear map, such as <c>model.layers.0.self_attn.q_proj</c>.</param>
    public int RankOf(string module) => (int)ValueOf(RankPattern, module, Rank);

    /// <summary>What the product B A of a module is multiplied by.</summary>
    /// <param name="module">The full name of a linear map, such as <c>model.layers.0.self_attn.q_proj</c>.</param>
    public double ScalingOf(string module)
    {
        var rank = RankOf(module);
        return ValueOf(AlphaPattern, module, Alpha) / (RankStabilised ? System.Math.Sqrt(rank) : rank);
    }

    /// <summary>The file's content for adapters of one rank, with the keys that peft requires.</summary>
    /// <param name="targets">Names, or ends of names, of the modules.</param>
    /// <param name="transposed">Whether the base stores its matrices inputs first (GPT-2).</param>
    public JsonObject ToJson(IEnumerable<string> targets, bool transposed) => new()
    {
        ["base_model_name_or_path"] = Base,
        ["bias"] = "none",
        ["fan_in_fan_out"] = transposed,
        ["inference_mode"] = true,
        ["init_lora_weights"] = true,
        ["lora_alpha"] = Number(Alpha),
        ["lora_dropout"] = Dropout,
        ["modules_to_save"] = null,
        ["peft_type"] = "LORA",
        ["r"] = Rank,
        ["target_modules"] = new JsonArray([.. targets.Select(name => (JsonNode)name)]),
        ["task_type"] = "CAUSAL_LM",
        ["trainable_token_indices"] = TokenIds.Count == 0 ? null : TokenJson(),
        ["use_dora"] = false,
        ["use_rslora"] = RankStabilised,
    };

    private JsonObject TokenJson() => new(TokenIds.Select(pair =>
        KeyValuePair.Create(pair.Key, (JsonNode?)new JsonArray([.. pair.Value.Select(id => (JsonNode)id)]))));

    /// <summary>peft's alpha is a whole number; where ours is one, it is written as one.</summary>
    private static JsonNode Number(double value) => value == System.Math.Floor(value) && value < int.MaxValue ? (int)value : value;

    private static double ValueOf(IReadOnlyList<(Regex Pattern, double Value)> patterns, string module, double otherwise) =>
        patterns.Where(entry => entry.Pattern.IsMatch(module)).Select(entry => (double?)entry.Value).FirstOrDefault() ?? otherwise;
}
