using System.Globalization;
using System.Text;
using LoRi.Files.Text;
using Parquet;
using Parquet.Data;

namespace LoRi.Files.Data;

/// <summary>The columns of one group of rows, each read when it is first asked for.</summary>
internal sealed class ParquetValues : IDisposable
{
    private readonly string path;
    private readonly Stream file;
    private readonly IReadOnlyDictionary<string, ParquetColumn> columns;
    private readonly ParquetGroup group;
    private readonly Dictionary<string, ParquetColumnValues> read = [];

    internal ParquetValues(string path, Stream file, IReadOnlyDictionary<string, ParquetColumn> columns, ParquetGroup group) =>
        (this.path, this.file, this.columns, this.group) = (path, file, columns, group);

    /// <summary>The names of the columns, in the file's order.</summary>
    public IEnumerable<string> Columns => columns.Keys;

    /// <summary>Whether there is a column of that name.</summary>
    public bool HasColumn(string name) => columns.ContainsKey(name);

    /// <summary>What a row has in a column; null where it has nothing.</summary>
    public ParquetCell? Cell(string name, int row)
    {
        if (!columns.TryGetValue(name, out var column))
        {
            return null;
        }

        if (!read.TryGetValue(name, out var values))
        {
            read.Add(name, values = ParquetRows.Guarded(path, () => Read(column)));
        }

        return ParquetRows.Guarded(path, () => values.Cell(row));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var values in read.Values)
        {
            values.Dispose();
        }
    }

    private ParquetColumnValues Read(ParquetColumn column)
    {
        if (column.Kind == ParquetKind.Null)
        {
            return new ParquetColumnValues(column, null, 0);
        }

        var chunk = group.Chunks.FirstOrDefault(chunk => chunk.Path.SequenceEqual(column.Path))
            ?? throw new BadParquetException($"column {MessageText.Quote(column.Name)} is missing in a group of rows");
        if (column.Repetitions == 0 && chunk.Values != group.Rows)
        {
            throw new BadParquetException(
                $"column {MessageText.Quote(column.Name)} has {chunk.Values} values in a group of {group.Rows} rows");
        }

        var rewritten = ParquetRewriting.Of(file, column, chunk, ParquetPages.Read(file, chunk, column.Repetitions > 0), group.Rows);
        var reader = Wait(ParquetReader.CreateAsync(new ParquetStream(rewritten)));
        var field = reader.Schema.DataFields.Single();
        return field.MaxDefinitionLevel == column.ValueLevel && field.MaxRepetitionLevel == column.Repetitions
            ? new ParquetColumnValues(column, Wait(reader.OpenRowGroupReader(0).ReadRawColumnDataBaseAsync(field).AsTask()),
                (int)group.Rows)
            : throw new BadParquetException($"column {MessageText.Quote(column.Name)} is nested in a way that is not read", sound: true);
    }

    private static T Wait<T>(Task<T> task) => task.GetAwaiter().GetResult();
}

/// <summary>The values of one column in one group of rows.</summary>
internal sealed class ParquetColumnValues : IDisposable
{
    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);
    private readonly ParquetColumn column;
    private readonly RawColumnData? raw;
    private readonly int[] entries, values;

    /// <summary>Finds where each row begins.</summary>
    /// <exception cref="BadParquetException">There are not as many rows as there should be.</exception>
    internal ParquetColumnValues(ParquetColumn column, RawColumnData? raw, int rows)
    {
        (this.column, this.raw) = (column, raw);
        (entries, values) = (new int[rows + 1], new int[rows + 1]);
        if (raw is not null && !FindRows(rows))
        {
            throw new BadParquetException($"column {MessageText.Quote(column.Name)} has not the {rows} rows of its group");
        }
    }

    /// <summary>What a row has.</summary>
    public ParquetCell? Cell(int row)
    {
        if (raw is null || !IsPresent(row))
        {
            return null;
        }

        if (column.Kind == ParquetKind.Other)
        {
            return new ParquetCell.Other(column.What);
        }

        if (!column.IsList)
        {
            return Value(values[row]);
        }

        var (items, value) = (new List<ParquetCell?>(), values[row]);
        for (var entry = entries[row]; entry < entries[row + 1]; entry++)
        {
            var level = raw.DefinitionLevels[entry];
            if (level >= column.ItemLevel)
            {
                items.Add(level == column.ValueLevel ? Value(value++) : null);
            }
        }

        return new ParquetCell.Items(items);
    }

    /// <inheritdoc/>
    public void Dispose() => raw?.Dispose();

    private bool IsPresent(int row) => column.ValueLevel == 0 || (column.IsList || column.Kind == ParquetKind.Other
        ? raw!.DefinitionLevels[entries[row]] >= column.PresentLevel
        : raw!.DefinitionLevels[entries[row]] == column.ValueLevel);

    private bool FindRows(int rows)
    {
        if (column.ValueLevel == 0)
        {
            for (var index = 0; index <= rows; index++)
            {
                entries[index] = values[index] = index;
            }

            return true;
        }

        var levels = raw!.DefinitionLevels;
        var repetitions = column.Repetitions > 0 ? raw.RepetitionLevels : default;
        var (row, value) = (0, 0);
        for (var entry = 0; entry < levels.Length; entry++)
        {
            if (repetitions.IsEmpty || repetitions[entry] == 0)
            {
                if (row == rows)
                {
                    return false;
                }

                (entries[row], values[row++]) = (entry, value);
            }

            value += levels[entry] == column.ValueLevel ? 1 : 0;
        }

        (entries[rows], values[rows]) = (levels.Length, value);
        return row == rows && (rows == 0 || entries[0] == 0);
    }

    /// <exception cref="BadRowException">The bytes are no text.</exception>
    private string Utf8(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return StrictUtf8.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            throw new BadRowException($"{MessageText.Quote(column.Name)} is not text in UTF-8");
        }
    }

    private ParquetCell? Value(int index) => raw switch
    {
        RawColumnData<ReadOnlyMemory<char>> text => new ParquetCell.Text(text.Values[index].ToString()),
        RawColumnData<ReadOnlyMemory<byte>> text when column.Kind == ParquetKind.Text =>
            new ParquetCell.Text(Utf8(text.Values[index].Span)),
        RawColumnData<bool> truth => new ParquetCell.Number(truth.Values[index] ? "True" : "False"),
        RawColumnData<double> number => Real(number.Values[index], "R"),
        RawColumnData<float> number => Real(number.Values[index], "R"),
        RawColumnData<Half> number => Real(number.Values[index], "R"),
        RawColumnData<sbyte> number => Whole(number.Values[index]),
        RawColumnData<byte> number => Whole(number.Values[index]),
        RawColumnData<short> number => Whole(number.Values[index]),
        RawColumnData<ushort> number => Whole(number.Values[index]),
        RawColumnData<int> number => Whole(number.Values[index]),
        RawColumnData<uint> number => Whole(number.Values[index]),
        RawColumnData<long> number => Whole(number.Values[index]),
        RawColumnData<ulong> number => Whole(number.Values[index]),
        RawColumnData<decimal> number => Whole(number.Values[index]),
        _ => throw new BadParquetException($"column {MessageText.Quote(column.Name)} has a type that is not read", sound: true),
    };

    private static ParquetCell.Number Whole(IFormattable number) =>
        new(RowChecks.NumberText(number.ToString(null, CultureInfo.InvariantCulture)));

    /// <summary>What is no number is a missing one: data frames write it where there is none.</summary>
    private static ParquetCell? Real<T>(T number, string format)
        where T : System.Numerics.IFloatingPointIeee754<T> => T.IsNaN(number) ? null
        : T.IsInfinity(number) ? new ParquetCell.Other("an infinite number")
        : new ParquetCell.Number(RowChecks.NumberText(number.ToString(format, CultureInfo.InvariantCulture)));
}
