using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Unicode;
using LoRi.Files.Json;
using LoRi.Files.Text;

namespace LoRi.Files.Data;

/// <summary>The fields of one JSON object, with errors that name the field and what it holds.</summary>
internal sealed class JsonFields : IRowFields
{
    private const int MaxDepth = 64;

    private readonly JsonElement element;
    private readonly bool isOnly;

    /// <summary>The fields of what must be an object, all of whose texts are Unicode.</summary>
    /// <param name="element">The object.</param>
    /// <param name="isOnly">Whether nothing else is in the file, so that a list in it may be the rows.</param>
    /// <exception cref="BadRowException">It is not.</exception>
    internal JsonFields(JsonElement element, bool isOnly = false)
    {
        this.isOnly = isOnly;
        this.element = element.ValueKind == JsonValueKind.Object
            ? element
            : throw new BadRowException($"found a JSON {element.ValueKind}, expected an object");
        var bytes = JsonMarshal.GetRawUtf8Value(element);
        if (!Utf8.IsValid(bytes))
        {
            throw new BadRowException("is not UTF-8");
        }

        if (JsonUnicode.HalfPair(bytes, MaxDepth) is { } end)
        {
            throw new BadRowException($"has half a surrogate pair, which is no Unicode, before byte {end} of the object");
        }

        var names = new HashSet<string>(StringComparer.Ordinal);
        if (element.EnumerateObject()
            .FirstOrDefault(field => !names.Add(field.Name)) is { Value.ValueKind: not JsonValueKind.Undefined } twice)
        {
            throw new BadRowException($"{MessageText.Quote(twice.Name)} stands there twice");
        }
    }

    /// <inheritdoc/>
    public bool Has(string name) => element.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null;

    /// <inheritdoc/>
    public bool IsList(string name) => element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Array;

    /// <inheritdoc/>
    public string Text(string name)
    {
        var value = Required(name);
        return value.ValueKind == JsonValueKind.String ? value.GetString()! : throw Wrong(name, value, "text");
    }

    /// <summary>A field that must be a truth value.</summary>
    internal bool Flag(string name)
    {
        var value = Required(name);
        return value.ValueKind is JsonValueKind.True or JsonValueKind.False
            ? value.GetBoolean()
            : throw Wrong(name, value, "true or false");
    }

    /// <inheritdoc/>
    public string Value(string name) => Scalar(name, Required(name));

    /// <inheritdoc/>
    public string? Name(string name) =>
        element.TryGetProperty(name, out var value)
            && value.ValueKind is JsonValueKind.String or JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False
            ? Scalar(name, value)
            : null;

    /// <summary>A field that may be text, exactly as it is, or a number or a truth value as text.</summary>
    internal string Raw(string name)
    {
        var value = Required(name);
        return value.ValueKind == JsonValueKind.String ? value.GetString()! : Scalar(name, value);
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> Values(string name)
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

    /// <inheritdoc/>
    public IReadOnlyList<ChatMessage> Messages(string name)
    {
        var value = Required(name);
        return value.ValueKind == JsonValueKind.Array
            ? [.. value.EnumerateArray().Select(item => new JsonFields(item))
                .Select(message => new ChatMessage(message.Text("role"), message.Text("content")))]
            : throw Wrong(name, value, "a list of messages");
    }

    /// <summary>The first field of an object that is a list of objects; null where there is none.</summary>
    internal static string? RowsKey(JsonElement element) => element.EnumerateObject()
        .Where(field =>
            field.Value.ValueKind == JsonValueKind.Array && field.Value.EnumerateArray().FirstOrDefault().ValueKind == JsonValueKind.Object)
        .Select(field => field.Name)
        .FirstOrDefault();

    private static string Scalar(string name, JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString()!.Trim(),
        JsonValueKind.Number => RowChecks.NumberText(value.GetRawText()),
        JsonValueKind.True => "True",
        JsonValueKind.False => "False",
        _ => throw Wrong(name, value, "text or a number"),
    };

    private static BadRowException Wrong(string name, JsonElement value, string expected) =>
        new($"'{name}' is a JSON {value.ValueKind}, expected {expected}");

    private JsonElement Required(string name)
    {
        if (element.TryGetProperty(name, out var value))
        {
            return value;
        }

        var names = string.Join(", ", element.EnumerateObject().Select(p => p.Name).Take(8));
        throw new BadRowException(
            isOnly && RowsKey(element) is { } key ? JsonLayout.UnderKey(key) : $"there is no '{name}', only: {names}");
    }
}
