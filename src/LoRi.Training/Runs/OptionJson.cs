using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace LoRi.Training.Runs;

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
    };

    /// <summary>The name that a choice has on the command line.</summary>
    public static string Name<T>(T choice)
        where T : struct, Enum => JsonSerializer.SerializeToNode(choice, Format)!.GetValue<string>();

    /// <summary>The keys that options of type <typeparamref name="T"/> have.</summary>
    public static IReadOnlySet<string> Keys<T>()
        where T : new() => JsonSerializer.SerializeToNode(new T(), Format)!.AsObject().Select(p => p.Key).ToHashSet();

    /// <summary>Options from those of <paramref name="settings"/> that <typeparamref name="T"/> has; the others take their defaults.</summary>
    /// <exception cref="InputException">A value has the wrong form; the message names <paramref name="source"/> and the key.</exception>
    public static T Read<T>(JsonObject settings, string source)
        where T : new()
    {
        ArgumentNullException.ThrowIfNull(settings);
        var keys = Keys<T>();
        var own = new JsonObject(settings.Where(p => keys.Contains(p.Key)).Select(p => KeyValuePair.Create(p.Key, p.Value?.DeepClone())));
        try
        {
            return own.Deserialize<T>(Format) ?? new T();
        }
        catch (JsonException e)
        {
            var key = e.Path?.TrimStart('$', '.') ?? "";
            throw new InputException($"{source}: {key} is {own[key.Split('[', '.')[0]]?.ToJsonString() ?? "missing"}, which is not a value it can have", e);
        }
    }

    /// <summary>The settings of a file, for <c>--config</c>.</summary>
    /// <exception cref="InputException">The file cannot be read or is not one JSON object.</exception>
    public static JsonObject ReadFile(string path)
    {
        try
        {
            return JsonNode.Parse(File.ReadAllBytes(path)) as JsonObject
                ?? throw new InputException($"--config {path}: must hold one JSON object");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"--config {path}: cannot be read: {e.Message}", e);
        }
        catch (Exception e) when (e is JsonException or ArgumentException)
        {
            throw new InputException($"--config {path}: not valid JSON: {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }
}
