using System.Globalization;
using System.Text.Json.Nodes;

namespace LoRi.Files.Tokenizers;

/// <summary>The <c>tokenizer_config.json</c> of a tokenizer that is written: the source's, with what its other files say.</summary>
internal static class WrittenConfig
{
    /// <summary>The configuration for these added tokens.</summary>
    public static JsonObject Of(TokenizerParts parts, IReadOnlyList<AddedToken> added)
    {
        var config = (JsonObject)parts.Config.DeepClone();
        if (config.Count == 0)
        {
            config["clean_up_tokenization_spaces"] = false;
        }

        NameRoles(config, parts);
        if (config[TokenizerFolder.Listed] is JsonObject)
        {
            config[TokenizerFolder.Listed] = new JsonObject(TokenizerWriter.Written(added).OrderBy(token => token.Id)
                .Select(token => KeyValuePair.Create(token.Id.ToString(CultureInfo.InvariantCulture), (JsonNode?)Describe(token))));
        }

        config["tokenizer_class"] ??= (parts.Class ?? TokenizerClass.Plain).Name + "Fast";
        if (parts.Class is null)
        {
            // A class of no family gives token types as well where nothing is said, which decoders refuse, or add to their inputs.
            config["model_input_names"] ??= new JsonArray("input_ids", "attention_mask");
        }

        if (parts.Class is null && parts.PreTokenizer.AddPrefixSpace)
        {
            config["add_prefix_space"] = true;
        }

        return config;
    }

    private static void NameRoles(JsonObject config, TokenizerParts parts)
    {
        foreach (var role in TokenizerFolder.Roles)
        {
            var token = parts.Special[role]?.GetValue<string>();
            var left = !config.ContainsKey(role) && (token is null || parts.Class?.Defaults.GetValueOrDefault(role) == token);
            if (!left && TextOf(config[role]) != token)
            {
                config[role] = token;
            }
        }

        HashSet<string> ofClass = [.. (parts.Class ?? TokenizerClass.Plain).Further.Values];
        string[] others =
            [.. (parts.Special[TokenizerFolder.Additional] as JsonArray ?? []).Select(token => token!.GetValue<string>())
                .Where(token => !ofClass.Contains(token))];
        string?[] before = [.. (config[TokenizerFolder.Additional] as JsonArray ?? []).Select(TextOf)];
        if (!others.ToHashSet().SetEquals(before.OfType<string>()))
        {
            config[TokenizerFolder.Additional] = new JsonArray([.. others.Select(token => (JsonNode)token)]);
        }
    }

    private static string? TextOf(JsonNode? node) => node is null ? null : DeclaredToken.Read(node, TokenizerFolder.ConfigName).Content;

    private static JsonObject Describe(AddedToken token) => new()
    {
        ["content"] = token.Content,
        ["lstrip"] = token.LeftStrip,
        ["normalized"] = token.Normalized,
        ["rstrip"] = token.RightStrip,
        ["single_word"] = token.SingleWord,
        ["special"] = token.Special,
    };
}
