using Parquet;
using Parquet.Serialization;

namespace LoRi.Training.Data;

/// <summary>A Parquet file with columns for question, rationale and answer, read one row group at a time.</summary>
internal static class ParquetRows
{
    internal static IEnumerable<DataRow> Read(string path, DataOptions options)
    {
        using var stream = File.OpenRead(path);
        var reader = new RowReader(options);
        var number = 0L;
        var groups = GroupCount(path, stream);
        for (var group = 0; group < groups; group++)
        {
            foreach (var fields in Group(path, stream, group))
            {
                number++;
                yield return new DataRow($"row {number}", number, id => reader.Read(id, new ParquetFields(fields)));
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
}
