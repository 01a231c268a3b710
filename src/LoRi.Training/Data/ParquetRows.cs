using System.Collections;
using System.Globalization;
using Parquet;
using Parquet.Serialization;

namespace LoRi.Training.Data;

/// <summary>A Parquet file with columns for question, rationale and answer, read one row group at a time.</summary>
internal static class ParquetRows
{
    internal static IEnumerable<DataRow> Read(string path, DataOptions options)
    {
        using var stream = File.OpenRead(path);
        var number = 0L;
        var groups = GroupCount(path, stream);
        for (var group = 0; group < groups; group++)
        {
            foreach (var fields in Group(path, stream, group))
            {
                number++;
                yield return new DataRow($"row {number}", number, id => Example(id, fields, options));
            }
        }
    }

    private static int GroupCount(string path, Stream stream) => Guarded(path, () =>
    {
        stream.Position = 0;
        var reader = Wait(ParquetReader.CreateAsync(stream, leaveStreamOpen: true));
        return reader.RowGroupCount;
    });

    private static IReadOnlyList<IDictionary<string, object?>> Group(string path, Stream stream, int group) => Guarded(path, () =>
    {
        stream.Position = 0;
        return Rows(stream, group);
    });

    private static IReadOnlyList<IDictionary<string, object?>> Rows(Stream stream, int group)
    {
        var result = Wait(ParquetSerializer.DeserializeUntypedAsync(stream, null, group));
        return [.. result.Data.Select(row => row.ToDictionary(field => field.Key, field => (object?)field.Value))];
    }

    // What a damaged file makes the library throw is not documented, hence the wide net: nothing else runs in it.
    private static T Guarded<T>(string path, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is not (OutOfMemoryException or InputException))
        {
            throw new InputException($"{path}: is not a Parquet file that can be read; it is damaged or cut short, fetch or write it again", e);
        }
    }

    private static T Wait<T>(Task<T> task) => task.GetAwaiter().GetResult();

    private static ReasoningExample Example(string id, IDictionary<string, object?> fields, DataOptions options)
    {
        var column = GenericRationale.Column(options, name => fields.TryGetValue(name, out var value) && value is not null);
        var (steps, rationale) = column is null ? ([], "") : Rationale(fields, column);
        return RowChecks.Complete(new ReasoningExample(
            fields.TryGetValue("id", out var own) && own is not null ? Text("id", own) : id,
            Text(options.QuestionColumn, Required(fields, options.QuestionColumn)).Trim(),
            steps,
            rationale,
            Text(options.AnswerColumn, Required(fields, options.AnswerColumn)).Trim()));
    }

    private static (IReadOnlyList<string> Steps, string Rationale) Rationale(IDictionary<string, object?> fields, string column)
    {
        var value = Required(fields, column);
        return value is IEnumerable items and not string
            ? GenericRationale.OfSteps(items.Cast<object?>().Select(item => Text(column, item)))
            : GenericRationale.OfText(Text(column, value));
    }

    private static object Required(IDictionary<string, object?> fields, string name) =>
        fields.TryGetValue(name, out var value) && value is not null
            ? value
            : throw new BadRowException($"there is no '{name}', only: {string.Join(", ", fields.Where(f => f.Value is not null).Select(f => f.Key).Take(8))}");

    private static string Text(string name, object? value) => value switch
    {
        string text => text,
        ReadOnlyMemory<char> text => text.ToString(),
        bool truth => truth ? "True" : "False",
        double number => RowChecks.NumberText(number.ToString("R", CultureInfo.InvariantCulture)),
        float number => RowChecks.NumberText(number.ToString("R", CultureInfo.InvariantCulture)),
        sbyte or byte or short or ushort or int or uint or long or ulong or decimal =>
            RowChecks.NumberText(Convert.ToString(value, CultureInfo.InvariantCulture)!),
        _ => throw new BadRowException($"'{name}' is a {value?.GetType().Name ?? "null"}, expected text or a number"),
    };
}
