using System.Text.Json;
using System.Text.Json.Nodes;
using LoRi.Training.Checkpoints;
using LoRi.Training.Tokenizers;

namespace LoRi.Training.Export;

/// <summary>The two small files that tell the Hub's tools which tokens of a <c>tokenizer.json</c> have a part to play.</summary>
internal static class SpecialTokens
{
    private const string ConfigName = "tokenizer_config.json";
    private static readonly string[] Roles = ["bos_token", "eos_token", "unk_token", "pad_token"];

    /// <summary>Writes <c>special_tokens_map.json</c>, and a <c>tokenizer_config.json</c> where the tokenizer came without one.</summary>
    public static void Write(string folder, TextTokenizer tokenizer)
    {
        var config = tokenizer.Config;
        var map = new JsonObject();
        foreach (var role in Roles)
        {
            if (TextOf(config[role]) is { } token)
            {
                map[role] = token;
            }
        }

        var named = map.Select(pair => pair.Value!.GetValue<string>()).ToHashSet(StringComparer.Ordinal);
        var further = tokenizer.AddedTokens.Where(token => token.Special && !named.Contains(token.Content)).Select(token => (JsonNode)token.Content).ToArray();
        if (further.Length > 0)
        {
            map["additional_special_tokens"] = new JsonArray(further);
        }

        AtomicFile.WriteText(Path.Combine(folder, "special_tokens_map.json"), map.ToJsonString(JsonText.Indented) + "\n");
        if (!File.Exists(Path.Combine(folder, ConfigName)))
        {
            var least = new JsonObject { ["clean_up_tokenization_spaces"] = false, ["tokenizer_class"] = "PreTrainedTokenizerFast" };
            AtomicFile.WriteText(Path.Combine(folder, ConfigName), least.ToJsonString(JsonText.Indented) + "\n");
        }
    }

    /// <summary>A token as a text, or as an object that has its text.</summary>
    private static string? TextOf(JsonNode? node) => node switch
    {
        JsonValue value when value.GetValueKind() == JsonValueKind.String => value.GetValue<string>(),
        JsonObject token when token["content"] is JsonValue content && content.GetValueKind() == JsonValueKind.String => content.GetValue<string>(),
        _ => null,
    };
}
