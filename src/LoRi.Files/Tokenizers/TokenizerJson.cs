using System.Text.Json;
using LoRi.Files.Text;

namespace LoRi.Files.Tokenizers;

/// <summary>A value of a tokenizer file that knows where it stands, so that every complaint names file and place.</summary>
internal readonly struct TokenizerJson(string file, string place, JsonElement element)
{
    /// <summary>The value itself.</summary>
    public JsonElement Element => element;

    /// <summary>The value under a name, or null where it is absent or <c>null</c>.</summary>
    public TokenizerJson? Find(string name)
    {
        Expect(JsonValueKind.Object, "an object");
        return element.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null
            ? new TokenizerJson(file, place.Length == 0 ? name : $"{place}.{name}", value)
            : null;
    }

    /// <summary>The value under a name.</summary>
    public TokenizerJson Get(string name) => Find(name) ?? throw Bad($"has no {MessageText.Quote(name)}");

    /// <summary>The elements of a list.</summary>
    public IEnumerable<TokenizerJson> Items()
    {
        Expect(JsonValueKind.Array, "a list");
        string name = place, path = file;
        return element.EnumerateArray().Select((item, i) => new TokenizerJson(path, $"{name}[{i}]", item));
    }

    /// <summary>This component, or those of a <c>Sequence</c> in order, whose list is under a name.</summary>
    public IEnumerable<TokenizerJson> Parts(string list) =>
        Text("type") == "Sequence" ? Get(list).Items().SelectMany(part => part.Parts(list)) : [this];

    /// <summary>The string under a name.</summary>
    public string Text(string name) => Get(name).AsText();

    /// <summary>The flag under a name.</summary>
    public bool Flag(string name, bool absent) => Find(name) is not TokenizerJson value ? absent : value.Element.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw value.Bad("is not true or false"),
    };

    /// <summary>This string.</summary>
    public string AsText()
    {
        Expect(JsonValueKind.String, "a string");
        return element.GetString()!;
    }

    /// <summary>This id.</summary>
    public int AsId() =>
        element.ValueKind == JsonValueKind.Number && element.TryGetInt32(out var id) && id is >= 0 and <= Vocabulary.LargestId
            ? id
            : throw Bad($"is not an id from 0 to {Vocabulary.LargestId}");

    /// <summary>An error for a component that is known to others but not here.</summary>
    public InputException Unsupported(string what) => new(
        $"{file}: {place} {what}, which is not supported; use a tokenizer of the byte-level BPE or word-level kind");

    /// <summary>An error for a malformed value.</summary>
    public InputException Bad(string what) =>
        new($"{file}: {(place.Length == 0 ? "the file" : place)} {what}; the file is damaged or no tokenizer.json");

    private void Expect(JsonValueKind kind, string wanted)
    {
        if (element.ValueKind != kind)
        {
            throw Bad($"is not {wanted}");
        }
    }
}
