using System.Text.Json;

namespace LoRi.Training.Data;

/// <summary>The fields of one JSON object, with errors that name the field and what it holds.</summary>
internal readonly struct JsonFields
{
    private readonly JsonElement element;

    internal JsonFields(JsonElement element)
    {
        this.element = element.ValueKind == JsonValueKind.Object
            ? element
            : throw new BadRowException($"found a JSON {element.ValueKind}, expected an object");
    }

    /// <summary>Whether the field exists and is not null.</summary>
    internal bool Has(string name) => element.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null;

    /// <summary>Whether the field is a list.</summary>
    internal bool IsList(string name) => element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Array;

    /// <summary>A field that must be text.</summary>
    internal string Text(string name)
    {
        var value = Required(name);
        return value.ValueKind == JsonValueKind.String ? Unpaired(name, value) : throw Wrong(name, value, "text");
    }

    /// <summary>A field that must be a truth value.</summary>
    internal bool Flag(string name)
    {
        var value = Required(name);
        return value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : throw Wrong(name, value, "true or false");
    }

    /// <summary>A field that may be text, a number or a truth value, as text.</summary>
    internal string Value(string name) => Scalar(name, Required(name));

    /// <summary>A field that may be text, exactly as it is, or a number or a truth value as text.</summary>
    internal string Raw(string name)
    {
        var value = Required(name);
        return value.ValueKind == JsonValueKind.String ? Unpaired(name, value) : Scalar(name, value);
    }

    /// <summary>A field that must be a list of such values.</summary>
    internal List<string> Values(string name)
    {
        var value = Required(name);
        if (value.ValueKind != JsonValueKind.Array)
        {
            throw Wrong(name, value, "a list");
        }

        var items = new List<string>();
        foreach (var item in value.EnumerateArray())
        {
            items.Add(Scalar(name, item));
        }

        return items;
    }

    private static string Scalar(string name, JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => Unpaired(name, value).Trim(),
        JsonValueKind.Number => RowChecks.NumberText(value.GetRawText()),
        JsonValueKind.True => "True",
        JsonValueKind.False => "False",
        _ => throw Wrong(name, value, "text or a number"),
    };

    private static string Unpaired(string name, JsonElement value)
    {
        try
        {
            return value.GetString() ?? "";
        }
        catch (InvalidOperationException e)
        {
            throw new BadRowException($"'{name}' holds half of a surrogate pair", e);
        }
    }

    private static BadRowException Wrong(string name, JsonElement value, string expected) =>
        new($"'{name}' is a JSON {value.ValueKind}, expected {expected}");

    private JsonElement Required(string name)
    {
        if (element.TryGetProperty(name, out var value))
        {
            return value;
        }

        var names = string.Join(", ", element.EnumerateObject().Select(p => p.Name).Take(8));
        throw new BadRowException($"there is no '{name}', only: {names}");
    }
}
