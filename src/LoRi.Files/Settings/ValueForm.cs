using System.Text.Json;
using System.Text.Json.Nodes;

namespace LoRi.Files.Settings;

/// <summary>What kind of words stand for a value on a command line.</summary>
public enum ValueKind
{
    /// <summary>One word.</summary>
    Text,

    /// <summary>Free text, which people write without quotes.</summary>
    Words,

    /// <summary>A file or a folder; never an empty text.</summary>
    Place,

    /// <summary>A decimal number.</summary>
    Number,

    /// <summary>Nothing: the option itself says yes.</summary>
    Flag,
}

/// <summary>How values of a type are written in JSON, in YAML and on a command line, and which of them are allowed.</summary>
public abstract record ValueForm
{
    /// <summary>What a value must be, for messages about one that is none.</summary>
    public required string Expected { get; init; }

    /// <summary>Keywords of JSON Schema for a value.</summary>
    public required JsonObject Schema { get; init; }

    /// <summary>What stands for a value on a command line.</summary>
    public ValueKind Kind { get; init; }

    /// <summary>Whether it is a list, of which each item is written as <see cref="Kind"/> says.</summary>
    public bool IsList { get; init; }

    /// <summary>The names of all values, where there are few.</summary>
    public IReadOnlyList<string> Names { get; init; } = [];

    /// <summary>The largest number that is allowed; null where there is no such bound.</summary>
    public double? Most { get; init; }

    /// <summary>JSON from a word of a command line; null where the word is none of these values.</summary>
    public Func<string, JsonNode?> FromText { get; init; } = text => JsonValue.Create(text);
}

/// <summary>The form of one type's values.</summary>
/// <typeparam name="T">The type.</typeparam>
public sealed record ValueForm<T> : ValueForm
{
    /// <summary>A value from JSON; throws <see cref="JsonException"/> where it is none.</summary>
    public required Func<JsonNode, T> Read { get; init; }

    /// <summary>JSON from a value.</summary>
    public Func<T, JsonNode?> Write { get; init; } = value => JsonSerializer.SerializeToNode(value);

    /// <summary>The rule that a value breaks; null where it is allowed.</summary>
    public Func<T, string?> Broken { get; init; } = _ => null;

    /// <summary>The same value wherever it is read again: full paths.</summary>
    public Func<T, T> Anywhere { get; init; } = value => value;
}
