namespace LoRi.Files.Data;

/// <summary>Reads questions with rationales and answers from the files in which they are published.</summary>
public static class ReasoningData
{
    /// <summary>Reads one file.</summary>
    /// <param name="path">A JSON-lines, JSON, Parquet, XML or iCoT text file, gzip-compressed or not.</param>
    /// <param name="options">Columns, limits and how chains are normalised; the defaults where null.</param>
    /// <returns>The rows in the files' order.</returns>
    /// <exception cref="InputException">The file or one of its rows cannot be read.</exception>
    public static ReasoningSet Read(string path, DataOptions? options = null) => Read([path], options);

    /// <summary>Reads files one after the other; the limit counts over all of them.</summary>
    /// <param name="paths">The files, in the order in which their rows are wanted.</param>
    /// <param name="options">Columns, limits and how chains are normalised; the defaults where null.</param>
    /// <returns>The rows in the files' order.</returns>
    /// <exception cref="InputException">A file or one of its rows cannot be read.</exception>
    public static ReasoningSet Read(IEnumerable<string> paths, DataOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(paths);
        options ??= new DataOptions();
        var (examples, places, sources) = (new List<ReasoningExample>(), new List<string>(), new List<int>());
        var bad = 0;
        foreach (var (source, path) in paths.Index().SelectMany(given => DataFiles.Of(given.Item).Select(file => (given.Index, file))))
        {
            foreach (var row in Rows(path, options))
            {
                if (examples.Count >= options.Limit)
                {
                    break;
                }

                if (TryRead(path, row, options.SkipBadLines) is { } example)
                {
                    examples.Add(example);
                    places.Add(PlaceOf(path, row));
                    sources.Add(source);
                }
                else
                {
                    bad++;
                }
            }
        }

        return new ReasoningSet(examples, bad, examples.Count(e => e.Steps.Count == 0)) { Places = places, Sources = sources };
    }

    private static ReasoningExample? TryRead(string path, DataRow row, bool skip)
    {
        try
        {
            return FailureText.At(PlaceOf(path, row), () => row.Read($"{Path.GetFileNameWithoutExtension(path)}:{row.Number}"));
        }
        catch (BadRowException) when (skip)
        {
            return null;
        }
        catch (BadRowException e)
        {
            throw new InputException($"{PlaceOf(path, row)}: {e.Message}; correct it, or leave such rows out with --skip-bad-lines", e);
        }
    }

    private static string PlaceOf(string path, DataRow row) => $"{path}, {row.Place}";

    private static IEnumerable<DataRow> Rows(string path, DataOptions options)
    {
        DataPath.Check(path);
        var format = options.Format ?? FormatDetection.Detect(path);
        FormatDetection.Check(path, format);
        var rows = format switch
        {
            DataFormat.Parquet => ParquetRows.Read(path, options),
            DataFormat.Asdiv => AsdivRows.Read(path),
            DataFormat.JsonArray => JsonRows.ReadArray(path, options),
            DataFormat.Icot => DataLines.Read(path).Select(IcotRow),
            _ => JsonRows.ReadLines(path, options),
        };
        return Guarded(path, rows);
    }

    private static DataRow IcotRow(DataLine line) => new(line.Place, line.Number, id => IcotText.Read(id, line.Text()));

    /// <summary>The rows, with the errors of the file system turned into ours.</summary>
    private static IEnumerable<DataRow> Guarded(string path, IEnumerable<DataRow> rows)
    {
        using var row = rows.GetEnumerator();
        while (true)
        {
            try
            {
                if (!row.MoveNext())
                {
                    yield break;
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new InputException($"{path}: cannot be read ({e.Message}); check the file and its permissions", e);
            }

            yield return row.Current;
        }
    }
}
