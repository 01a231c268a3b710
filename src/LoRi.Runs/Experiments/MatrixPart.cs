using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using LoRi.Files;
using LoRi.Files.Settings;
using LoRi.Files.Text;

namespace LoRi.Runs.Experiments;

/// <summary>An object of a matrix file: what is wrong with a field becomes one line that names it.</summary>
/// <param name="Place">The file and the keys that lead to the object.</param>
/// <param name="Json">The object.</param>
internal sealed record MatrixPart(string Place, JsonObject Json)
{
    /// <summary>Refuses fields that there are not.</summary>
    /// <exception cref="InputException">There is one.</exception>
    public MatrixPart Allow(params IReadOnlyList<string> fields)
    {
        var unknown = Json.Select(pair => pair.Key).FirstOrDefault(key => !fields.Contains(key));
        return unknown is null ? this
            : throw Bad($"there is no field {MessageText.Quote(unknown)}; there are: {string.Join(", ", fields)}"
                + DidYouMean.Hint(unknown, fields));
    }

    /// <summary>Whether a field is there.</summary>
    public bool Has(string field) => Json[field] is not null;

    /// <summary>An object among the fields; an empty one where it is left out.</summary>
    public MatrixPart Part(string field) => new($"{Place}, {field}", Json[field] switch
    {
        null => [],
        JsonObject part => part,
        var other => throw Bad($"{MessageText.Quote(field)} must be an object, found {Found(other)}"),
    });

    /// <summary>The objects of an object, by their names.</summary>
    public IReadOnlyList<(string Name, MatrixPart Part)> Parts() => [.. Json.Select(pair => (pair.Key, Part(pair.Key)))];

    /// <summary>The objects of a list; none where it is left out.</summary>
    public IReadOnlyList<MatrixPart> Items(string field) => Json[field] switch
    {
        null => [],
        JsonArray list => [.. list.Select((item, index) => item is JsonObject part
            ? new MatrixPart($"{Place}, {field}, number {index + 1}", part)
            : throw Bad($"{MessageText.Quote(field)} must be a list of objects, found {Found(item)}"))],
        var other => throw Bad($"{MessageText.Quote(field)} must be a list of objects, found {Found(other)}"),
    };

    /// <summary>A text.</summary>
    /// <exception cref="InputException">It is missing or no text.</exception>
    public string Text(string field) => OptionalText(field) ?? throw Bad($"{MessageText.Quote(field)} is missing");

    /// <summary>A text that may be left out.</summary>
    public string? OptionalText(string field) => Json[field] is not { } node ? null
        : node.GetValueKind() == JsonValueKind.String ? node.GetValue<string>()
        : throw Bad($"{MessageText.Quote(field)} must be text, found {Found(node)}");

    /// <summary>A number that may be left out.</summary>
    public double? Number(string field) => Json[field] is not { } node ? null
        : node.GetValueKind() == JsonValueKind.Number ? node.GetValue<double>()
        : throw Bad($"{MessageText.Quote(field)} must be a number, found {Found(node)}");

    /// <summary>A list of texts, or one text; null where it is left out.</summary>
    public IReadOnlyList<string>? Texts(string field) => Json[field] switch
    {
        null => null,
        JsonArray list when list.All(item => item?.GetValueKind() == JsonValueKind.String) =>
            [.. list.Select(item => item!.GetValue<string>())],
        JsonValue one when one.GetValueKind() == JsonValueKind.String => [one.GetValue<string>()],
        var other => throw Bad($"{MessageText.Quote(field)} must be a list of texts, found {Found(other)}"),
    };

    /// <summary>A list of whole numbers; null where it is left out.</summary>
    public IReadOnlyList<long>? Wholes(string field) => Json[field] switch
    {
        null => null,
        JsonArray list when list.All(item => item is JsonValue value && value.TryGetValue<long>(out _)) =>
            [.. list.Select(item => item!.GetValue<long>())],
        var other => throw Bad($"{MessageText.Quote(field)} must be a list of whole numbers, found {Found(other)}"),
    };

    /// <summary>One of some names.</summary>
    /// <exception cref="InputException">It is none of them.</exception>
    public string Known(string what, string name, IEnumerable<string> names)
    {
        string[] all = [.. names];
        return all.Contains(name) ? name
            : throw Bad($"there is no {what} {MessageText.Quote(name)}; there "
                + $"{(all.Length == 0 ? "is none" : $"are: {string.Join(", ", all)}")}{DidYouMean.Hint(name, all)}");
    }

    /// <summary>What some work makes of this part; a setting that is wrong gets the place of the part.</summary>
    /// <exception cref="InputException">The work refuses something.</exception>
    public T Read<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (InputException e)
        {
            throw Bad(e.Message, e);
        }
    }

    /// <summary>The values of a command's settings that this part holds.</summary>
    /// <exception cref="InputException">One is unknown or wrong.</exception>
    public SettingValues Values(CommandSettings settings) => Read(() =>
    {
        var values = settings.Read(Json, file: null);
        settings.Check(values);
        return values;
    });

    /// <summary>An error about this part.</summary>
    public InputException Bad(string message, Exception? cause = null) =>
        cause is null ? new($"{Place}: {message}") : new($"{Place}: {message}", cause);

    private static string Found(JsonNode? node) => string.Create(CultureInfo.InvariantCulture,
        $"{(node is null ? "null" : MessageText.Quote(node.ToJsonString()))}");
}
