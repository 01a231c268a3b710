using System.Text.Json;
using System.Text.Json.Nodes;

namespace LoRi.Files.Tokenizers;

/// <summary>A token as a file beside <c>tokenizer.json</c> declares it.</summary>
/// <param name="Content">Its text.</param>
internal sealed record DeclaredToken(string Content)
{
    /// <summary>Its properties; null where its text alone is named.</summary>
    public AddedToken? Properties { get; init; }

    /// <summary>Whether no file names it, but the tokenizer's class does.</summary>
    public bool Assumed { get; init; }

    /// <summary>Reads a text, or an object with a text and properties.</summary>
    /// <param name="node">What the file has.</param>
    /// <param name="place">File and place, for errors.</param>
    /// <exception cref="InputException">It is neither.</exception>
    public static DeclaredToken Read(JsonNode? node, string place) => node switch
    {
        JsonValue value when value.GetValueKind() == JsonValueKind.String => new(value.GetValue<string>()),
        JsonObject json when json["content"] is JsonValue text && text.GetValueKind() == JsonValueKind.String =>
            Of(text.GetValue<string>(), json, place),
        _ => throw new InputException($"{place} is neither the text of a token nor an object with its \"content\"; correct the file"),
    };

    /// <summary>A token that is declared with these properties.</summary>
    public static DeclaredToken Of(AddedToken properties) => new(properties.Content) { Properties = properties };

    private static DeclaredToken Of(string content, JsonObject json, string place)
    {
        var special = Flag(json, "special", false, place);
        return Of(new AddedToken(0, content)
        {
            Special = special,
            SingleWord = Flag(json, "single_word", false, place),
            LeftStrip = Flag(json, "lstrip", false, place),
            RightStrip = Flag(json, "rstrip", false, place),
            Normalized = Flag(json, "normalized", !special, place),
        }) with
        { NormalizedIsOpen = json["normalized"] is null };
    }

    /// <summary>Whether the token's being a control token decides whether it is looked for in normalised text.</summary>
    private bool NormalizedIsOpen { get; init; }

    /// <summary>The token to add, where it is known whether it is a control token.</summary>
    public AddedToken ToAdd(bool special)
    {
        var token = Properties ?? new AddedToken(0, Content);
        return token
            with
        {
            Special = special,
            Normalized = Properties is null || NormalizedIsOpen ? !special : token.Normalized,
            Assumed = Assumed
        };
    }

    private static bool Flag(JsonObject json, string name, bool absent, string place) => json[name] switch
    {
        null => absent,
        JsonValue value when value.GetValueKind() is JsonValueKind.True or JsonValueKind.False => value.GetValue<bool>(),
        _ => throw new InputException($"{place} has a {name} that is not true or false; correct the file"),
    };
}
