using LoRi.Files.Text;

namespace LoRi.Files.Data;

/// <summary>The columns of one row of a Parquet file; only those that are asked for are read.</summary>
/// <param name="values">The group of rows.</param>
/// <param name="row">The row's number in the group, from 0.</param>
internal sealed class ParquetFields(ParquetValues values, int row) : IRowFields
{
    /// <inheritdoc/>
    public bool Has(string name) => values.Cell(name, row) is not null;

    /// <inheritdoc/>
    public bool IsList(string name) => values.Cell(name, row) is ParquetCell.Items;

    /// <inheritdoc/>
    public string Text(string name) => Required(name) is ParquetCell.Text text ? text.Value : throw Wrong(name, Required(name), "text");

    /// <inheritdoc/>
    public string Value(string name) => Scalar(name, Required(name));

    /// <inheritdoc/>
    public string? Name(string name) => values.Cell(name, row) switch
    {
        ParquetCell.Text text => text.Value.Trim(),
        ParquetCell.Number number => number.Value,
        _ => null,
    };

    /// <inheritdoc/>
    public IReadOnlyList<string> Values(string name) => Required(name) is ParquetCell.Items items
        ? [.. items.Cells.Select(item => Scalar(name, item))]
        : throw Wrong(name, Required(name), "a list");

    /// <inheritdoc/>
    public IReadOnlyList<ChatMessage> Messages(string name) =>
        throw new BadRowException($"'{name}' is a list of messages, which is read from JSON alone; write the rows as JSON lines");

    private ParquetCell? Required(string name) => values.HasColumn(name)
        ? values.Cell(name, row)
        : throw new BadRowException($"there is no {MessageText.Quote(name)}, only: {string.Join(", ", values.Columns.Take(8))}");

    private static string Scalar(string name, ParquetCell? cell) => cell switch
    {
        ParquetCell.Text text => text.Value.Trim(),
        ParquetCell.Number number => number.Value,
        _ => throw Wrong(name, cell, "text or a number"),
    };

    private static BadRowException Wrong(string name, ParquetCell? cell, string expected) =>
        new($"'{name}' is {cell?.What ?? "null"}, expected {expected}");
}
