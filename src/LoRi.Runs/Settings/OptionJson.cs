using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using LoRi.Files;
using LoRi.Files.Text;

namespace LoRi.Runs.Settings;

/// <summary>
/// Options as JSON: keys in snake case, which are the flags' names with underscores; choices by the names that the flags
/// take. The same form is what a run's <c>config.json</c> holds and what <c>--config</c> reads.
/// </summary>
public static class OptionJson
{
    /// <summary>How options are written and read.</summary>
    public static JsonSerializerOptions Format { get; } = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower, allowIntegerValues: false) },
        WriteIndented = true,
        RespectNullableAnnotations = true,
        TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
    };

    /// <summary>The name that a choice has on the command line.</summary>
    public static string Name<T>(T choice)
        where T : struct, Enum => JsonSerializer.SerializeToNode(choice, Format)!.GetValue<string>();

    /// <summary>The keys that options of type <typeparamref name="T"/> have.</summary>
    public static IReadOnlySet<string> Keys<T>()
        where T : new() => JsonSerializer.SerializeToNode(new T(), Format)!.AsObject().Select(p => p.Key).ToHashSet();

    /// <summary>Options from those of <paramref name="settings"/> that <typeparamref name="T"/> has; the others take their defaults.</summary>
    /// <exception cref="InputException">A value has the wrong form; the message names the key and <paramref name="source"/>.</exception>
    public static T Read<T>(JsonObject settings, OptionSource source)
        where T : new()
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(source);
        var defaults = JsonSerializer.SerializeToNode(new T(), Format)!.AsObject();
        foreach (var property in Format.GetTypeInfo(typeof(T)).Properties.Where(p => settings.ContainsKey(p.Name)))
        {
            defaults[property.Name] = Listed(property.PropertyType, settings[property.Name]);
            CheckValue(property, defaults[property.Name], source);
        }

        return defaults.Deserialize<T>(Format) ?? new T();
    }

    /// <summary>One setting of a type: text, a number, true or false, a choice, or a list of texts, for which one text may stand.</summary>
    /// <exception cref="InputException">It has another form; the message names <paramref name="key"/> and <paramref name="source"/>.</exception>
    public static T Value<T>(string key, JsonNode? value, OptionSource source)
    {
        ArgumentNullException.ThrowIfNull(source);
        return (T)Value(typeof(T), key, Listed(typeof(T), value), source)!;
    }

    private static void CheckValue(JsonPropertyInfo property, JsonNode? value, OptionSource source)
    {
        if (value is not null || property.IsSetNullable is false)
        {
            Value(property.PropertyType, property.Name, value, source);
        }
    }

    private static object Value(Type type, string key, JsonNode? value, OptionSource source)
    {
        try
        {
            return value.Deserialize(type, Format) ?? throw new JsonException();
        }
        catch (JsonException e)
        {
            var text = value is JsonValue scalar && scalar.TryGetValue<string>(out var given) ? given : value?.ToJsonString() ?? "null";
            throw new InputException($"{source.Place(key)} {text}: {Expected(type)}{DidYouMean.Hint(text, Choices(type))}", e);
        }
    }

    private static JsonNode? Listed(Type type, JsonNode? value) =>
        type == typeof(IReadOnlyList<string>) && value?.GetValueKind() == JsonValueKind.String ? new JsonArray(value.DeepClone()) : value?.DeepClone();

    /// <summary>The names of an enumeration's values; none of another type.</summary>
    private static IEnumerable<string> Choices(Type type)
    {
        var plain = Nullable.GetUnderlyingType(type) ?? type;
        return plain == typeof(DtypeOption) ? ["float32", "bfloat16"]
            : plain.IsEnum ? Enum.GetValues(plain).Cast<object>().Select(value => JsonSerializer.SerializeToNode(value, plain, Format)!.GetValue<string>()) : [];
    }

    private static string Expected(Type type)
    {
        var plain = Nullable.GetUnderlyingType(type) ?? type;
        return plain.IsEnum
            ? $"must be one of {string.Join(", ", Choices(type))}"
            : plain == typeof(bool) ? "must be true or false"
            : plain == typeof(string) ? "must be text"
            : plain == typeof(int) || plain == typeof(long) ? "must be a whole number"
            : plain == typeof(double) ? "must be a number"
            : plain == typeof(StorageSize) ? StorageSize.Rule
            : "must be a list of texts";
    }

    /// <summary>The settings of a file, for <c>--config</c>.</summary>
    /// <exception cref="InputException">The file cannot be read or is not one object or mapping in which every name stands once.</exception>
    public static JsonObject ReadFile(string path) => OptionFile.Read(path).Settings;
}

/// <summary>Where settings come from, for the messages about them.</summary>
/// <param name="File">The file of <c>--config</c>, or nothing for the command line.</param>
public sealed record OptionSource(string? File)
{
    /// <summary>The command line.</summary>
    public static OptionSource CommandLine { get; } = new((string?)null);

    /// <summary>The line that each setting of the file stands in, where that is known.</summary>
    internal IReadOnlyDictionary<string, long>? Lines { get; init; }

    /// <summary>How a message names the setting <paramref name="key"/>.</summary>
    public string Place(string key) => File is null ? "--" + key.Replace('_', '-')
        : Lines?.TryGetValue(key, out var line) == true ? $"--config {File}, line {line}: {key}"
        : $"--config {File}: {key}";
}
