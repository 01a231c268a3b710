using System.Text.Json;
using System.Text.Json.Nodes;

namespace LoRi.Training.Models;

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

    public void RequireText(string name, string expected)
    {
        if (Text(name) is var found && found != expected)
        {
            throw new InputException($"{source}: {name} is {(found is null ? "absent" : $"'{found}'")}; only '{expected}' is supported");
        }
    }

    public void RequireAbsentOrFalse(string name)
    {
        if (Flag(name, false))
        {
            throw new InputException($"{source}: {name} is true, which is not supported");
        }
    }

    public int[] Ids(string name) => json[name] switch
    {
        null => [],
        JsonArray list => [.. list.Select(item => Id(name, item))],
        var single => [Id(name, single)],
    };

    /// <summary>The rotary base and the scaling's type (null where there is none), from the classic or the newer form.</summary>
    public (double Base, string? Scaling) Rotary()
    {
        if (json["rope_parameters"] is JsonObject parameters)
        {
            var inner = new ConfigFields(parameters, $"{source}: rope_parameters");
            return (inner.Number("rope_theta"), inner.Text("rope_type"));
        }

        var scaling = json["rope_scaling"] switch
        {
            null => null,
            JsonObject form => new ConfigFields(form, $"{source}: rope_scaling") is var inner ? inner.Text("rope_type") ?? inner.Text("type") : null,
            var other => throw Wrong("rope_scaling", "an object", other),
        };
        return (Number("rope_theta"), scaling);
    }

    private int Id(string name, JsonNode? node) =>
        node is JsonValue value && value.GetValueKind() == JsonValueKind.Number && TryWhole(value, out var id) && id is >= 0 and <= LargestSize
            ? (int)id
            : throw Wrong(name, "a token id or a list of them", node);

    private static bool TryWhole(JsonValue value, out long whole) =>
        long.TryParse(value.ToJsonString(), System.Globalization.NumberStyles.AllowLeadingSign, System.Globalization.CultureInfo.InvariantCulture, out whole);

    private InputException Wrong(string name, string expected, JsonNode? found) =>
        new($"{source}: {name} should be {expected}, found {found?.ToJsonString() ?? "nothing"}");
}
