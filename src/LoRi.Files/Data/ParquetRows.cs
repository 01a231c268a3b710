using LoRi.Files.Disk;
using LoRi.Files.Text;

namespace LoRi.Files.Data;

/// <summary>
/// A Parquet file with columns for question, rationale and answer, read one group of rows at a time. The library, which believes
/// what a file claims, sees none of its claims: its metadata are read and checked here, and a column is handed on with new ones.
/// </summary>
internal static class ParquetRows
{
    internal static IEnumerable<DataRow> Read(string path, DataOptions options)
    {
        using var file = InputFile.Open(path);
        var footer = Guarded(path, () => ParquetFooter.Read(file));
        var columns = Guarded(path, () => Columns(footer.Root));
        var reader = new RowReader(options);
        var number = 0L;
        foreach (var group in footer.Groups)
        {
            using var values = new ParquetValues(path, file, columns, group);
            for (var row = 0; row < group.Rows; row++)
            {
                var fields = new ParquetFields(values, row);
                number++;
                yield return new DataRow($"row {number}", number, id => reader.Read(id, fields));
            }
        }
    }

    /// <summary>A look at a file, with what the checks and the library find turned into one line.</summary>
    /// <exception cref="InputException">The file is damaged, or of a form that is not read.</exception>
    internal static T Guarded<T>(string path, Func<T> look)
    {
        try
        {
            return look();
        }
        catch (BadParquetException e) when (e.IsSound)
        {
            throw new InputException(
                $"{path}: is a Parquet file of a form that is not read: {e.Message}; write it anew with plain or dictionary encoding, or "
                + "as JSON lines", e);
        }
        catch (BadParquetException e)
        {
            throw new InputException(
                $"{path}: is not a Parquet file that can be read, as {e.Message}; it is damaged or cut short, fetch or write it again", e);
        }
        catch (Exception e) when (e is NotSupportedException or NotImplementedException)
        {
            throw new InputException(
                $"{path}: is a Parquet file of a form that is not read; write it anew with plain or dictionary encoding, or as JSON lines",
                e);
        }
        catch (Exception e) when (e is not (OutOfMemoryException or InputException or BadRowException))
        {
            // What a damaged file makes the library throw is not documented, hence the wide net: nothing else runs in it.
            throw new InputException($"{path}: is not a Parquet file that can be read; it is damaged or cut short, fetch or write it again",
                e);
        }
    }

    private static Dictionary<string, ParquetColumn> Columns(ParquetNode root)
    {
        var columns = new Dictionary<string, ParquetColumn>(StringComparer.Ordinal);
        foreach (var column in root.Parts.Select(ParquetColumn.Of))
        {
            if (!columns.TryAdd(column.Name, column))
            {
                throw new BadParquetException($"its schema has {MessageText.Quote(column.Name)} twice");
            }
        }

        return columns;
    }
}
