using System.Globalization;
using System.Text.Json;
using System.Text.Unicode;
using LoRi.Files;
using LoRi.Files.Disk;
using LoRi.Files.Json;

namespace LoRi.Runs.RunFolders;

/// <summary>One column of a <c>metrics.jsonl</c>: a number at some steps.</summary>
internal sealed class MetricsColumn
{
    /// <summary>The steps that have the number.</summary>
    public List<double> Steps { get; } = [];

    /// <summary>The number at each of them; may be NaN or infinite.</summary>
    public List<double> Values { get; } = [];
}

/// <summary>
/// Reads a <c>metrics.jsonl</c>. A last line without its end is a run that is being written, or was cut off, and is left out.
/// </summary>
internal static class MetricsFile
{
    private const int MaxDepth = 64;

    /// <summary>All numbers by their names, in the order of their first occurrence.</summary>
    /// <exception cref="InputException">A line is not a JSON object with a step.</exception>
    public static IReadOnlyList<(string Name, MetricsColumn Column)> Read(string path)
    {
        var columns = new List<(string Name, MetricsColumn Column)>();
        var rest = InputFile.ReadBytes(path, InputFile.LargestLog).AsMemory();
        for (var (line, end) = (1, 0); (end = rest.Span.IndexOf((byte)'\n')) >= 0; line++)
        {
            if (!rest.Span[..end].Trim(" \t\r"u8).IsEmpty)
            {
                Add(columns, path, line, rest[..end]);
            }

            rest = rest[(end + 1)..];
        }

        return columns;
    }

    private static void Add(List<(string Name, MetricsColumn Column)> columns, string path, int line, ReadOnlyMemory<byte> text)
    {
        using var document = Parse(path, line, text);
        if (document.RootElement.ValueKind != JsonValueKind.Object
            || !document.RootElement.TryGetProperty("step", out var stepValue) || Number(stepValue) is not { } step)
        {
            throw Bad(path, line, "it is not an object with a number named step");
        }

        foreach (var property in document.RootElement.EnumerateObject().Where(p => p.Name != "step"))
        {
            if (Number(property.Value) is { } number)
            {
                var column = columns.FirstOrDefault(c => c.Name == property.Name).Column;
                if (column is null)
                {
                    columns.Add((property.Name, column = new MetricsColumn()));
                }

                column.Steps.Add(step);
                column.Values.Add(number);
            }
        }
    }

    private static JsonDocument Parse(string path, int line, ReadOnlyMemory<byte> text)
    {
        try
        {
            var document = JsonDocument.Parse(text);
            return !Utf8.IsValid(text.Span) ? throw Bad(path, line, "it is not UTF-8")
                : JsonUnicode.HalfPair(text.Span, MaxDepth) is { } end
                    ? throw Bad(path, line, $"it has half a surrogate pair, which is no Unicode, before byte {end}")
                : document;
        }
        catch (JsonException e)
        {
            throw Bad(path, line, $"it is not JSON ({JsonReason.What(e)})");
        }
    }

    /// <summary>A number, or one of the texts that stand for those that JSON does not have.</summary>
    private static double? Number(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Number => value.GetDouble(),
        JsonValueKind.String when value.GetString() is "NaN" or "Infinity" or "-Infinity" =>
            double.Parse(value.GetString()!, CultureInfo.InvariantCulture),
        _ => null,
    };

    private static InputException Bad(string path, int line, string what) =>
        new($"{path}, line {line}: {what}; training writes one object a line, so the file is damaged: remove the line");
}
