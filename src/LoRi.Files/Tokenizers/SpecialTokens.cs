using System.Text.Json.Nodes;
using LoRi.Files.Disk;
using LoRi.Files.Json;

namespace LoRi.Files.Tokenizers;

/// <summary>The small file that tells the Hub's tools which tokens of a <c>tokenizer.json</c> have a part to play.</summary>
internal static class SpecialTokens
{
    /// <summary>Writes <c>special_tokens_map.json</c>: the special tokens by role, then all further control tokens.</summary>
    public static void Write(string folder, TextTokenizer tokenizer)
    {
        var map = new JsonObject();
        var assumed = tokenizer.AddedTokens.Where(token => token.Assumed).Select(token => token.Content).ToHashSet(StringComparer.Ordinal);
        foreach (var (role, token) in tokenizer.SpecialTokens.Where(
            pair => pair.Value is JsonValue text && !assumed.Contains(text.GetValue<string>())))
        {
            map[role] = token!.DeepClone();
        }

        var named = map.Select(pair => pair.Value!.GetValue<string>()).ToHashSet(StringComparer.Ordinal);
        var further = tokenizer.AddedTokens.Where(token => token.Special && !token.Assumed && !named.Contains(token.Content))
            .Select(token => (JsonNode)token.Content).ToArray();
        if (further.Length > 0)
        {
            map[TokenizerFolder.Additional] = new JsonArray(further);
        }

        AtomicFile.WriteText(Path.Combine(folder, TokenizerFolder.MapName), map.ToJsonString(JsonText.Indented) + "\n");
    }
}
