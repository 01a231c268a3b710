using System.Text.Json;
using System.Text.Json.Nodes;
using LoRi.Files.Json;
using LoRi.Files.Text;

namespace LoRi.Files.Tokenizers;

/// <summary>
/// What stands beside a <c>tokenizer.json</c>, in the order of precedence of <c>transformers</c>: where <c>tokenizer_config.json</c> lists
/// added tokens, <c>special_tokens_map.json</c> and <c>added_tokens.json</c> do not count; else the former goes before the configuration.
/// </summary>
internal sealed class TokenizerFolder
{
    /// <summary>The list of added tokens in a configuration.</summary>
    public const string Listed = "added_tokens_decoder";

    /// <summary>Special tokens without a role of their own.</summary>
    public const string Additional = "additional_special_tokens";

    /// <summary>Names of the files.</summary>
    public const string ConfigName = "tokenizer_config.json", MapName = "special_tokens_map.json", AddedName =
        "added_tokens.json", ModelConfigName = "config.json";

    private const string GenerationName = "generation_config.json", ClassSetting = "tokenizer_class", Extra = "extra_special_tokens";

    private static readonly string[] IdSettings =
        ["bos_token_id", "eos_token_id", "pad_token_id", "sep_token_id", "cls_token_id", "unk_token_id"];

    private readonly string folder;
    private readonly JsonObject settings;
    private readonly List<string> notes = [];
    private readonly HashSet<string> ofMap = new(StringComparer.Ordinal);

    private TokenizerFolder(string folder, JsonObject config)
    {
        (this.folder, Config, settings) = (folder, config, (JsonObject)config.DeepClone());
    }

    /// <summary>The roles of special tokens, in the order in which new ones are added.</summary>
    public static IReadOnlyList<string> Roles { get; } =
        ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];

    /// <summary>The <c>tokenizer_config.json</c>; empty where there is none.</summary>
    public JsonObject Config { get; }

    /// <summary>The class; null where nothing beside the file says anything of it.</summary>
    public TokenizerClass? Class { get; private set; }

    /// <summary>Whether the class is only that of the model's family: its tokens count where the vocabulary has them.</summary>
    public bool ClassIsGuessed { get; private set; }

    /// <summary>What is not followed.</summary>
    public IReadOnlyList<string> Notes => notes;

    /// <summary>Tokens that are listed with ids, by id, each with the file that lists it.</summary>
    public IReadOnlyList<(int Id, DeclaredToken Token, string File)> Declared { get; private set; } = [];

    /// <summary>Whether tokens that are named here are added to those of the file.</summary>
    public bool AddsTokens { get; private init; } = true;

    /// <summary>Whether there is an <c>added_tokens.json</c>.</summary>
    public bool HasAddedFile { get; private set; }

    /// <summary>Whether control tokens within a text are ordinary text.</summary>
    public bool SplitsSpecial => Flag("split_special_tokens", false);

    /// <summary>Reads the files beside a tokenizer file.</summary>
    /// <exception cref="InputException">One is malformed.</exception>
    public static TokenizerFolder Read(string tokenizer, JsonObject config)
    {
        TokenizerFolder read = new(Path.GetDirectoryName(Path.GetFullPath(tokenizer)) ?? ".", config);
        JsonObject? map = read.Find(MapName), added = read.Find(AddedName);
        read.HasAddedFile = added is not null;
        if (!config.ContainsKey(Listed))
        {
            read.Merge(map ?? []);
        }

        read.Declared =
            [.. (config[Listed] is JsonNode listed ? read.ReadList(listed) : config.ContainsKey(Listed) ? []
                : read.ReadAdded(added ?? [])).OrderBy(token => token.Id)];
        read.ChooseClass(map is not null || added is not null);
        return read;
    }

    /// <summary>A configuration that is all there is, and names only tokens that are there.</summary>
    public static TokenizerFolder Of(JsonObject config) => new("", config) { AddsTokens = false };

    /// <summary>The files beside a tokenizer file, there or not, that change what ids it gives.</summary>
    public static IEnumerable<string> FilesBeside(string tokenizer)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(tokenizer)) ?? ".";
        return ((string[])[ConfigName, MapName, AddedName]).Select(name => Path.Combine(folder, name));
    }

    /// <summary>Ids that the files beside a tokenizer give to some token, or a model's configuration to a part.</summary>
    public static IReadOnlySet<int> IdsIn(string folder)
    {
        TokenizerFolder read = new(folder, []);
        var parts = ((string[])[ModelConfigName, GenerationName]).Select(read.Find).OfType<JsonObject>()
            .SelectMany(
                config => IdSettings.SelectMany(name => config[name] is JsonArray several ? several.AsEnumerable() : [config[name]]));
        var listed = (read.Find(ConfigName)?[Listed] as JsonObject)?.Select(entry => entry.Key) ?? [];
        var named = listed.Select(key => int.TryParse(key, out var id) ? id : -1);
        return parts.Concat((read.Find(AddedName) ?? []).Select(entry => entry.Value)).Select(IdOf).Concat(named).Where(id => id >= 0)
            .ToHashSet();
    }

    /// <summary>The token of a role that the files name, by its text or with its properties; null where they name none.</summary>
    public DeclaredToken? Role(string role) => settings.TryGetPropertyValue(role, out var node)
        ? node is null ? null : DeclaredToken.Read(node, Place(role))
        : Class?.Defaults.GetValueOrDefault(role) is string assumed ? new DeclaredToken(assumed) { Assumed = true } : null;

    /// <summary>The special tokens without a role of their own, then those of the class.</summary>
    public IEnumerable<DeclaredToken> Others() => Tokens(Additional).Concat((Class?.Further ?? []).SelectMany(pair =>
        settings.TryGetPropertyValue(pair.Key, out var node)
            ? node is null ? [] : [DeclaredToken.Read(node, Place(pair.Key))]
            : (DeclaredToken[])[new DeclaredToken(pair.Value) { Assumed = true }]));

    /// <summary>Special tokens with names that are the model's own.</summary>
    public IEnumerable<(string Name, DeclaredToken Token)> Extras() => settings[Extra] is JsonObject named
        ? named.Where(pair => pair.Value is not null).Select(pair => (pair.Key, DeclaredToken.Read(pair.Value, Place(pair.Key))))
        : Tokens(Extra).Select(token => (Extra, token));

    /// <summary>A setting that is true or false; null counts as false.</summary>
    public bool Flag(string name, bool absent) => !settings.TryGetPropertyValue(name, out var node) ? absent
        : node switch
        {
            null => false,
            JsonValue value when value.GetValueKind() is JsonValueKind.True or JsonValueKind.False => value.GetValue<bool>(),
            _ => throw new InputException($"{Place(name)} is not true or false; correct the file"),
        };

    /// <summary>Whether a space is put before a text; null where <c>tokenizer.json</c> alone says.</summary>
    /// <exception cref="InputException">The class would make another tokenizer.</exception>
    public bool? PrefixSpace()
    {
        const string name = "add_prefix_space";
        if (Class is null || (settings.TryGetPropertyValue(name, out var node) && node is null))
        {
            return null;
        }

        if (!Class.PrefixFromSlow)
        {
            return Flag(name, false);
        }

        return !settings.ContainsKey(name) || !Flag(name, false) ? null : throw new InputException(
            $"{Place(name)} is set, for which {Class.Name} makes another tokenizer from tokenizer.model, which is not supported; "
            + $"remove {name} where tokenizer.json is the model's own");
    }

    /// <summary>Leaves a class that is only that of the model's family where the vocabulary lacks what it begins a text with.</summary>
    public void CheckGuess(AddedTokenList added)
    {
        if (!ClassIsGuessed || !Class!.OwnTemplate || !Flag("add_bos_token", Class.AddsFirst)
            || (Role("bos_token") is { } named && added.IdOf(named.Content) is not null))
        {
            return;
        }

        if (Role("bos_token") is { } first)
        {
            notes.Add($"no {ClassSetting} is named, and {Class.Name} of the model's family begins a text "
                + $"with {MessageText.Quote(first.Content)}, which the vocabulary lacks; it is left out");
        }

        (Class, ClassIsGuessed) = (TokenizerClass.Plain, false);
    }

    /// <summary>Where a setting stands, for errors.</summary>
    public string Place(string name) => $"{Path.Combine(folder, ofMap.Contains(name) ? MapName : ConfigName)}: {name}";

    private static int IdOf(JsonNode? node) =>
        node is JsonValue value && value.GetValueKind() == JsonValueKind.Number && value.TryGetValue(out int id) ? id : -1;

    private JsonObject? Find(string name)
    {
        var path = Path.Combine(folder, name);
        return File.Exists(path) ? JsonFile.ReadObject(path) : null;
    }

    /// <summary>
    /// The settings of <c>special_tokens_map.json</c> go before those of the configuration, its further special tokens behind
    /// them.
    /// </summary>
    private void Merge(JsonObject map)
    {
        foreach ((var name, var value) in map.Where(pair => pair.Key == Additional || Roles.Contains(pair.Key)))
        {
            var merged = value?.DeepClone();
            ofMap.Add(name);
            if (merged is JsonObject token)
            {
                token["special"] = true;
            }

            settings[name] = name == Additional && merged is JsonArray list && settings[name] is JsonArray before
                ? new JsonArray([.. before.Concat(list).Select(node => node?.DeepClone())])
                : merged;
        }
    }

    private IEnumerable<DeclaredToken> Tokens(string name) => settings[name] switch
    {
        null => [],
        JsonArray list => list.Select(node => DeclaredToken.Read(node, Place(name))),
        _ => throw new InputException($"{Place(name)} is not a list of tokens; correct the file"),
    };

    private IEnumerable<(int Id, DeclaredToken Token, string File)> ReadList(JsonNode listed)
    {
        var place = $"{Path.Combine(folder, ConfigName)}: {Listed}";
        foreach ((var key, var node) in listed as JsonObject
            ?? throw new InputException($"{place} is not an object of ids and tokens; correct the file"))
        {
            var valid = int.TryParse(key, out var id) && id is >= 0 and <= Vocabulary.LargestId && node is JsonObject;
            yield return valid
                ? (id, DeclaredToken.Read(node, $"{place}: {MessageText.Quote(key)}"), ConfigName)
                : throw new InputException(
                    $"{place} has an entry {MessageText.Quote(key)} that is not a token under an id from 0 to {Vocabulary.LargestId}; "
                    + "correct the file");
        }
    }

    private IEnumerable<(int Id, DeclaredToken Token, string File)> ReadAdded(JsonObject added)
    {
        HashSet<string> special =
            [.. Roles.Select(Role).OfType<DeclaredToken>().Where(token => !token.Assumed).Concat(Tokens(Additional))
                .Select(token => token.Content)];
        foreach ((var content, var node) in added)
        {
            var id = IdOf(node);
            yield return id is >= 0 and <= Vocabulary.LargestId
                ? (id, DeclaredToken.Of(
                    new AddedToken(id, content) { Special = special.Contains(content), Normalized = !special.Contains(content) }),
                    AddedName)
                : throw new InputException(
                    $"{Path.Combine(folder, AddedName)}: {MessageText.Quote(content)} has something other than an id from 0 "
                    + $"to {Vocabulary.LargestId}; correct the file");
        }
    }

    private void ChooseClass(bool hasOtherFiles)
    {
        var model = Find(ModelConfigName);
        if ((Text(Config, ClassSetting, ConfigName) ?? Text(model, ClassSetting, ModelConfigName)) is string name)
        {
            Class = TokenizerClass.Find(name) ?? TokenizerClass.Plain;
            if (TokenizerClass.Find(name) is null)
            {
                notes.Add($"{ClassSetting} is {MessageText.Quote(name)}, which is not known here: tokenizer.json is followed as it is, and "
                    + "not what that class changes");
            }
        }
        else if (TokenizerClass.OfModel(Text(model, "model_type", ModelConfigName)) is TokenizerClass guess)
        {
            (Class, ClassIsGuessed) = (guess, true);
        }
        else if (Config.Count > 0 || hasOtherFiles)
        {
            Class = TokenizerClass.Plain;
        }
    }

    private string? Text(JsonObject? json, string name, string file) => json?[name] switch
    {
        null => null,
        JsonValue value when value.GetValueKind() == JsonValueKind.String => value.GetValue<string>(),
        _ => throw new InputException($"{Path.Combine(folder, file)}: {name} is not a text; correct the file"),
    };
}
