using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using LoRi.Files.Disk;
using LoRi.Files.Json;

namespace LoRi.Files.Tokenizers;

/// <summary>Writes the files of a tokenizer.</summary>
internal static class TokenizerWriter
{
    /// <summary>
    /// Writes <c>tokenizer.json</c> with the given added tokens, <c>tokenizer_config.json</c> and, where the source has one,
    /// <c>added_tokens.json</c>.
    /// </summary>
    public static void Write(string folder, TokenizerParts parts, IReadOnlyList<AddedToken> added)
    {
        AtomicFile.CreateFolder(folder);
        var written = Written(added);
        using var document = JsonFile.Parse(parts.Path, parts.Json);
        WriteJson(Path.Combine(folder, "tokenizer.json"), json => WriteTokenizer(json, document.RootElement, written));
        WriteJson(Path.Combine(folder, TokenizerFolder.ConfigName), json => parts.Config.WriteTo(json));
        if (parts.HasAddedFile)
        {
            var beyond = written.Where(token => !parts.Model.ContainsKey(token.Content));
            JsonObject listed = new(beyond.Select(token => KeyValuePair.Create(token.Content, (JsonNode?)token.Id)));
            WriteJson(Path.Combine(folder, TokenizerFolder.AddedName), json => listed.WriteTo(json));
        }
    }

    /// <summary>The tokens that a file names: those of the class alone are left to it, where none comes after them.</summary>
    public static AddedToken[] Written(IReadOnlyList<AddedToken> added)
    {
        var last = added.Where(token => !token.Assumed).Select(token => token.Id).Append(-1).Max();
        return [.. added.Where(token => !token.Assumed || token.Id < last)];
    }

    private static void WriteJson(string path, Action<Utf8JsonWriter> write) => AtomicFile.Write(path, stream =>
    {
        using Utf8JsonWriter json =
            new(stream, new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        write(json);
    });

    private static void WriteTokenizer(Utf8JsonWriter json, JsonElement root, IReadOnlyList<AddedToken> added)
    {
        json.WriteStartObject();
        var written = false;
        foreach (var entry in root.EnumerateObject())
        {
            if (entry.NameEquals("added_tokens"))
            {
                WriteAdded(json, added);
                written = true;
            }
            else
            {
                entry.WriteTo(json);
            }
        }

        if (!written)
        {
            WriteAdded(json, added);
        }

        json.WriteEndObject();
    }

    private static void WriteAdded(Utf8JsonWriter json, IReadOnlyList<AddedToken> added)
    {
        json.WriteStartArray("added_tokens");
        foreach (var token in added)
        {
            json.WriteStartObject();
            json.WriteNumber("id", token.Id);
            json.WriteString("content", token.Content);
            json.WriteBoolean("single_word", token.SingleWord);
            json.WriteBoolean("lstrip", token.LeftStrip);
            json.WriteBoolean("rstrip", token.RightStrip);
            json.WriteBoolean("normalized", token.Normalized);
            json.WriteBoolean("special", token.Special);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
