using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using LoRi.Files;
using LoRi.Files.Json;
using LoRi.Files.Text;
using LoRi.Models.Decoders;

namespace LoRi.Models.Adapters;

/// <summary>
/// Reads an <c>adapter_config.json</c>. What is not implemented is refused by its name, so that no adapter is applied as
/// something else than it is.
/// </summary>
internal sealed class AdapterConfigReader
{
    private const int LargestRank = 1 << 16;
    private const int LargestId = 1 << 24;
    private const int MostEntries = 1 << 16;

    /// <summary>Keys that say nothing about what the adapter computes once its weights are there.</summary>
    private static readonly HashSet<string> Informative =
        ["auto_mapping", "inference_mode", "megatron_core", "peft_version", "qalora_group_size", "revision", "runtime_config"];

    /// <summary>
    /// Ways of initialising that leave the base as it is; the others change it, and the adapter fits the changed one only.
    /// </summary>
    private static readonly HashSet<string> KeepingTheBase = ["gaussian", "eva", "orthogonal"];

    private readonly JsonObject json;
    private readonly string source;
    private readonly HashSet<string> used = [.. Informative];

    private AdapterConfigReader(JsonObject json, string source) => (this.json, this.source) = (json, source);

    /// <summary>Reads and checks the file of a folder.</summary>
    /// <exception cref="InputException">The file is missing, malformed, or asks for something that is not supported.</exception>
    public static AdapterConfig Read(string folder)
    {
        var path = Path.Combine(folder, AdapterConfig.FileName);
        try
        {
            return new AdapterConfigReader(JsonFile.ReadObject(path), path).Read();
        }
        catch (InvalidOperationException e)
        {
            throw new InputException($"{path}: has a text that is not valid Unicode; the file is damaged, fetch it again", e);
        }
    }

    private AdapterConfig Read()
    {
        RequireChoice("peft_type", "LORA");
        RequireChoice("task_type", "CAUSAL_LM", null);
        RequireChoice("bias", "none", null);
        RequireInitialisation();
        Flag("fan_in_fan_out");
        var config = new AdapterConfig
        {
            Rank = Whole("r", Take("r"), 1, LargestRank),
            Alpha = Number("lora_alpha", Take("lora_alpha"), positive: true),
            Dropout = Dropout(),
            RankStabilised = Flag("use_rslora"),
            Targets = Selection("target_modules", out var all)
                ?? (all ? null : throw Wrong("target_modules", "a list of module names", null)),
            Excluded = Selection("exclude_modules", out _),
            Layers = Layers(),
            RankPattern = Patterns("rank_pattern", (place, node) => Whole(place, node, 1, LargestRank)),
            AlphaPattern = Patterns("alpha_pattern", (place, node) => Number(place, node, positive: true)),
            TokenIds = TokenIds(),
            SavedModules = Saved(),
            KeepsTables = Flag("ensure_weight_tying"),
            Base = Text("base_model_name_or_path"),
        };
        RefuseTheRest();
        return config;
    }

    /// <summary>Every key that was not looked at must be off: null, false, or empty.</summary>
    private void RefuseTheRest()
    {
        var active = json.FirstOrDefault(pair => !used.Contains(pair.Key) && !IsOff(pair.Value));
        if (active.Key is not null)
        {
            throw new InputException(
                $"{source}: {active.Key} is {Shown(active.Value)}; adapters with that are not supported, plain LoRA and rsLoRA are; merge "
                + "this one into its base with the program that made it");
        }
    }

    private static bool IsOff(JsonNode? node) => node switch
    {
        null => true,
        JsonArray list => list.Count == 0,
        JsonObject fields => fields.Count == 0,
        _ => node.GetValueKind() == JsonValueKind.False,
    };

    private JsonNode? Take(string name)
    {
        used.Add(name);
        return json[name];
    }

    private void RequireChoice(string name, params string?[] accepted)
    {
        var found = Text(name);
        if (!accepted.Contains(found))
        {
            throw new InputException(
                $"{source}: {name} is {(found is null ? "absent" : MessageText.Quote(found))}; only '{accepted[0]}' is supported");
        }
    }

    private void RequireInitialisation()
    {
        var node = Take("init_lora_weights");
        var text = node is JsonValue value && value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : null;
        if (text is null
            ? node is not null && node.GetValueKind() is not (JsonValueKind.True or JsonValueKind.False)
            : !KeepingTheBase.Contains(text))
        {
            throw new InputException(
                $"{source}: init_lora_weights is {Shown(node)}, which changes the base's weights as well; convert the adapter to plain "
                + "LoRA with the program that made it");
        }
    }

    private string? Text(string name) => Take(name) switch
    {
        null => null,
        JsonValue value when value.GetValueKind() == JsonValueKind.String => value.GetValue<string>(),
        var other => throw Wrong(name, "a text", other),
    };

    private bool Flag(string name) => Take(name) switch
    {
        null => false,
        JsonValue value when value.GetValueKind() is JsonValueKind.True or JsonValueKind.False => value.GetValue<bool>(),
        var other => throw Wrong(name, "true or false", other),
    };

    private int Whole(string name, JsonNode? node, int least, int most) =>
        node is JsonValue value && value.GetValueKind() == JsonValueKind.Number
        && int.TryParse(value.ToJsonString(), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number
            <= most
            ? number
            : throw Wrong(name, $"a whole number from {least} to {most}", node);

    private double Number(string name, JsonNode? node, bool positive) =>
        node is JsonValue value && value.GetValueKind() == JsonValueKind.Number
        && double.TryParse(value.ToJsonString(), CultureInfo.InvariantCulture, out var number) && double.IsFinite(number)
        && (positive ? number > 0 : number >= 0)
            ? number
            : throw Wrong(name, positive ? "a number above 0" : "a number from 0 on", node);

    private double Dropout()
    {
        var node = Take("lora_dropout");
        var rate = node is null ? 0 : Number("lora_dropout", node, positive: false);
        return rate < 1 ? rate : throw Wrong("lora_dropout", "a number from 0 to less than 1", node);
    }

    private ModuleSelection? Selection(string name, out bool all)
    {
        var node = Take(name);
        all = node is JsonValue text && text.GetValueKind() == JsonValueKind.String && text.GetValue<string>() == "all-linear";
        return node switch
        {
            null => null,
            JsonValue value when all || value.GetValueKind() == JsonValueKind.String =>
                all ? null : ModuleSelection.OfPattern(value.GetValue<string>(), $"{source}: {name}"),
            JsonArray { Count: > 0 and <= MostEntries } list => ModuleSelection.Of([.. list.Select(item => Name(name, item)).Distinct()]),
            var other => throw Wrong(name, "a list of module names", other),
        };
    }

    private string Name(string name, JsonNode? item) =>
        item is JsonValue value && value.GetValueKind() == JsonValueKind.String && value.GetValue<string>() is { Length: > 0 } text
            ? text
            : throw Wrong(name, "a list of module names", item);

    private IReadOnlyList<string> Saved() => Take("modules_to_save") switch
    {
        null => [],
        JsonArray { Count: <= MostEntries } list => [.. list.Select(item => Name("modules_to_save", item)).Distinct()],
        var other => throw Wrong("modules_to_save", "a list of module names", other),
    };

    private IReadOnlyList<int>? Layers()
    {
        // peft numbers the blocks by the list that holds them; a model here has one such list.
        _ = Take("layers_pattern");
        return Take("layers_to_transform") switch
        {
            null => null,
            JsonArray list => Ids("layers_to_transform", list),
            var single => [Whole("layers_to_transform", single, 0, LargestId)],
        };
    }

    private IReadOnlyList<int> Ids(string name, JsonArray list)
    {
        int[] ids = list.Count <= MostEntries
            ? [.. list.Select(item => Whole(name, item, 0, LargestId))]
            : throw Wrong(name, $"a list of at most {MostEntries}", null);
        return ids.Distinct().Count() == ids.Length ? ids : throw Wrong(name, "a list without repetitions", list);
    }

    private IReadOnlyList<(Regex Pattern, double Value)> Patterns(string name, Func<string, JsonNode?, double> read) => Take(name) switch
    {
        null => [],
        JsonObject { Count: <= MostEntries } fields =>
            [.. fields.Select(
                pair => (ModuleSelection.Ending(pair.Key, $"{source}: {name}"),
                    read($"{name} of {MessageText.Quote(pair.Key)}", pair.Value)))],
        var other => throw Wrong(name, "an object of patterns", other),
    };

    private Dictionary<string, IReadOnlyList<int>> TokenIds() => Take("trainable_token_indices") switch
    {
        null => [],
        JsonArray list => new() { [""] = Ids("trainable_token_indices", list) },
        JsonObject { Count: <= 2 } tables => tables.ToDictionary(
            pair => pair.Key,
            pair => pair.Value is JsonArray list
                ? Ids("trainable_token_indices", list)
                : throw Wrong("trainable_token_indices", "lists of token ids", pair.Value)),
        var other => throw Wrong("trainable_token_indices", "a list of token ids, or one for each table", other),
    };

    private InputException Wrong(string name, string expected, JsonNode? found) =>
        new($"{source}: {name} should be {expected}, found {Shown(found)}");

    private static string Shown(JsonNode? node)
    {
        var text = node?.ToJsonString() ?? "nothing";
        return text.Length <= 80 ? text : text[..80] + "...";
    }
}
