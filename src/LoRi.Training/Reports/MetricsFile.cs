using System.Globalization;
using System.Text.Json;

namespace LoRi.Training.Reports;

/// <summary>One column of a <c>metrics.jsonl</c>: a number at some steps.</summary>
internal sealed class MetricsColumn
{
    /// <summary>The steps that have the number.</summary>
    public List<double> Steps { get; } = [];

    /// <summary>The number at each of them; may be NaN or infinite.</summary>
    public List<double> Values { get; } = [];
}

/// <summary>Reads a <c>metrics.jsonl</c>. A last line without its end is a run that is being written, or was cut off, and is left out.</summary>
internal static class MetricsFile
{
    /// <summary>All numbers by their names, in the order of their first occurrence.</summary>
    /// <exception cref="InputException">A line is not a JSON object with a step.</exception>
    public static IReadOnlyList<(string Name, MetricsColumn Column)> Read(string path)
    {
        var columns = new List<(string Name, MetricsColumn Column)>();
        var text = System.Text.Encoding.UTF8.GetString(JsonFile.ReadBytes(path));
        var lines = text.Split('\n');
        for (var line = 0; line < lines.Length - 1; line++)
        {
            if (!string.IsNullOrWhiteSpace(lines[line]))
            {
                Add(columns, path, line + 1, lines[line]);
            }
        }

        return columns;
    }

    private static void Add(List<(string Name, MetricsColumn Column)> columns, string path, int line, string text)
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

    private static JsonDocument Parse(string path, int line, string text)
    {
        try
        {
            return JsonDocument.Parse(text);
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
        JsonValueKind.String when value.GetString() is "NaN" or "Infinity" or "-Infinity" => double.Parse(value.GetString()!, CultureInfo.InvariantCulture),
        _ => null,
    };

    private static InputException Bad(string path, int line, string what) =>
        new($"{path}, line {line}: {what}; training writes one object a line, so the file is damaged: remove the line");
}
