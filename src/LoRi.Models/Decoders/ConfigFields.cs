using System.Text.Json;
using System.Text.Json.Nodes;
using LoRi.Files;
using LoRi.Files.Text;

namespace LoRi.Models.Decoders;

/// <summary>Typed access to the fields of a <c>config.json</c>; an error names the file, the field and what was found.</summary>
internal sealed class ConfigFields(JsonObject json, string source)
{
    private const int LargestSize = 1 << 24;

    public int Integer(string name, int? absent = null)
    {
        var node = json[name];
        if (node is null && absent is int value)
        {
            return value;
        }

        if (node is JsonValue number && number.GetValueKind() == JsonValueKind.Number
            && TryWhole(number, out var integer) && integer is > 0 and <= LargestSize)
        {
            return (int)integer;
        }

        throw Wrong(name, "a positive whole number", node);
    }

    public double Number(string name, double? absent = null)
    {
        var node = json[name];
        if (node is null && absent is double value)
        {
            return value;
        }

        if (node is JsonValue number && number.GetValueKind() == JsonValueKind.Number)
        {
            var parsed = double.Parse(number.ToJsonString(), System.Globalization.CultureInfo.InvariantCulture);
            if (double.IsFinite(parsed) && parsed > 0)
            {
                return parsed;
            }
        }

        throw Wrong(name, "a positive number", node);
    }

    public bool Flag(string name, bool absent) => json[name] switch
    {
        null => absent,
        JsonValue value when value.GetValueKind() == JsonValueKind.True => true,
        JsonValue value when value.GetValueKind() == JsonValueKind.False => false,
        var other => throw Wrong(name, "true or false", other),
    };

    public string? Text(string name) => json[name] switch
    {
        null => null,
        JsonValue value when value.GetValueKind() == JsonValueKind.String => value.GetValue<string>(),
        var other => throw Wrong(name, "a text", other),
    };

    /// <summary>Refuses any text but one of several that mean the same.</summary>
    public void RequireText(string name, params string[] expected)
    {
        if (Text(name) is var found && !expected.Contains(found))
        {
            throw new InputException(
                $"{source}: {name} is {(found is null ? "absent" : $"'{found}'")}; only '{string.Join("' or '", expected)}' is supported");
        }
    }

    public void RequireAbsentOrFalse(string name)
    {
        if (Flag(name, false))
        {
            throw new InputException($"{source}: {name} is true, which is not supported");
        }
    }

    public void RequireFlag(string name, bool expected)
    {
        if (Flag(name, expected) != expected)
        {
            throw Unsupported(name, expected ? "true" : "false");
        }
    }

    /// <summary>A number of at least 0; 0 where there is none.</summary>
    public double NonNegative(string name) => json[name] is JsonValue value && value.ToJsonString() is "0" or "0.0" ? 0 : Number(name, 0);

    /// <summary>A whole number of at least 0, which must be there.</summary>
    public int Whole(string name) => json[name]?.ToJsonString() is "0" ? 0 : Integer(name);

    public int[] Ids(string name) => json[name] switch
    {
        null => [],
        JsonArray list => [.. list.Select(item => Id(name, item))],
        var single => [Id(name, single)],
    };

    /// <summary>
    /// The id under a name; null where there is none, or a number that is none, as some files have for a part that they lack.
    /// </summary>
    public int? IdOrNone(string name) =>
        json[name] is JsonValue value && value.GetValueKind() == JsonValueKind.Number && TryWhole(value, out var id)
            && id is >= 0 and <= LargestSize ? (int)id : null;

    /// <summary>The object under a name, with its own name in errors; null where there is none.</summary>
    public ConfigFields? Object(string name) => json[name] switch
    {
        null => null,
        JsonObject inner => new ConfigFields(inner, $"{source}: {name}"),
        var other => throw Wrong(name, "an object", other),
    };

    /// <summary>The texts of a list; null where there is none.</summary>
    public IReadOnlyList<string>? Texts(string name) => json[name] switch
    {
        null => null,
        JsonArray list when list.All(item => item?.GetValueKind() == JsonValueKind.String) =>
            [.. list.Select(item => item!.GetValue<string>())],
        var other => throw Wrong(name, "a list of texts", other),
    };

    /// <summary>The positive numbers of a list, which must be there.</summary>
    public IReadOnlyList<double> Numbers(string name)
    {
        var list = json[name] as JsonArray ?? throw Wrong(name, "a list of positive numbers", json[name]);
        return [.. Enumerable.Range(0, list.Count)
            .Select(at => new ConfigFields(new JsonObject { [name] = list[at]?.DeepClone() }, source).Number(name))];
    }

    /// <summary>All names.</summary>
    public IEnumerable<string> Names => json.Select(pair => pair.Key);

    /// <summary>Whether a field is an object.</summary>
    public bool IsObject(string name) => json[name] is JsonObject;

    /// <summary>A field's value as JSON, cut where it is long.</summary>
    public string Shown(string name) =>
        json[name]?.ToJsonString() is { Length: > 80 } text ? text[..80] + "..." : json[name]?.ToJsonString() ?? "null";

    /// <summary>An error about a field, by its name.</summary>
    public InputException Refused(string name, string what) => new($"{source}: {MessageText.Quote(name)} {what}");

    /// <summary>Whether the file has the field, null or not.</summary>
    public bool Has(string name) => json.ContainsKey(name);

    /// <summary>Whether the file has the field and it is not null.</summary>
    public bool HasValue(string name) => json[name] is not null;

    /// <summary>An error about a value that is well-formed but not supported.</summary>
    public InputException Unsupported(string name, string supported) =>
        new($"{source}: {name} is {json[name]?.ToJsonString().Replace('"', '\'') ?? "absent"}; only {supported} is supported");

    /// <summary>An error about two fields that say the same thing differently.</summary>
    public InputException Contradiction(string one, double first, string other, double second) => new(string.Create(
        System.Globalization.CultureInfo.InvariantCulture,
        $"{source}: {one} is {first}, but {other} is {second}; they must be the same, remove the wrong one"));

    /// <summary>Refuses any value but the one that changes nothing.</summary>
    public void RequireNumber(string name, double neutral)
    {
        if (HasValue(name) && Number(name) != neutral)
        {
            throw Unsupported(name, neutral.ToString(System.Globalization.CultureInfo.InvariantCulture));
        }
    }

    private int Id(string name, JsonNode? node) =>
        node is JsonValue value && value.GetValueKind() == JsonValueKind.Number && TryWhole(value, out var id)
            && id is >= 0 and <= LargestSize
            ? (int)id
            : throw Wrong(name, "a token id or a list of them", node);

    private static bool TryWhole(JsonValue value, out long whole) =>
        long.TryParse(value.ToJsonString(), System.Globalization.NumberStyles.AllowLeadingSign,
            System.Globalization.CultureInfo.InvariantCulture, out whole);

    private InputException Wrong(string name, string expected, JsonNode? found) =>
        new($"{source}: {name} should be {expected}, found {found?.ToJsonString() ?? "nothing"}");
}
