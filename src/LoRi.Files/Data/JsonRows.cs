using System.Text;
using System.Text.Json;
using LoRi.Files.Disk;

namespace LoRi.Files.Data;

/// <summary>Rows that are JSON objects, one a line or as an array.</summary>
internal static class JsonRows
{
    /// <summary>The largest file that is read as one value.</summary>
    private const long LargestArray = 1L << 30;

    /// <summary>The lines of a file that has one object in each.</summary>
    internal static IEnumerable<DataRow> ReadLines(string path, DataOptions options)
    {
        var reader = new RowReader(options);
        var isOnly = new Lazy<bool>(() => DataLines.Read(path).Take(2).Count() == 1);
        return DataLines.Read(path)
            .Select(line => new DataRow(line.Place, line.Number, id => reader.Read(id, Parse(line.Text(), isOnly.Value))));
    }

    /// <summary>The entries of a file that is one JSON array.</summary>
    internal static IEnumerable<DataRow> ReadArray(string path, DataOptions options)
    {
        using var document = ParseFile(path);
        if (document.RootElement.ValueKind != JsonValueKind.Array)
        {
            throw new InputException(
                document.RootElement.ValueKind == JsonValueKind.Object && JsonFields.RowsKey(document.RootElement) is { } key
                ? $"{path}: {JsonLayout.UnderKey(key)}"
                : $"{path}: holds a JSON {document.RootElement.ValueKind}, expected an array of objects; name the form of the file with "
                    + "--format");
        }

        var reader = new RowReader(options);
        var number = 0L;
        foreach (var entry in document.RootElement.EnumerateArray())
        {
            number++;
            yield return new DataRow($"entry {number}", number, id => reader.Read(id, new JsonFields(entry)));
        }
    }

    /// <summary>The fields of a line that must be one JSON object.</summary>
    /// <param name="line">Its text.</param>
    /// <param name="isOnly">Whether the file has no other.</param>
    internal static JsonFields Parse(string line, bool isOnly = false)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            return new JsonFields(document.RootElement.Clone(), isOnly);
        }
        catch (JsonException e)
        {
            throw new BadRowException($"not valid JSON: {JsonLayout.Reason(e, Encoding.UTF8.GetBytes(line))}", e);
        }
    }

    private static JsonDocument ParseFile(string path)
    {
        var bytes = InputFile.ReadBytes(path, LargestArray).AsMemory();
        bytes = bytes.Span.StartsWith("\ufeff"u8) ? bytes[3..] : bytes;
        try
        {
            return JsonDocument.Parse(bytes);
        }
        catch (JsonException e)
        {
            throw new InputException(
                $"{path}, line {(e.LineNumber ?? 0) + 1}: not valid JSON: {JsonLayout.Reason(e, bytes.Span)}; correct the file, or name "
                + "its form with --format", e);
        }
    }
}
