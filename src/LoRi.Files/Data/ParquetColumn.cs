namespace LoRi.Files.Data;

/// <summary>What a value of a column is.</summary>
internal enum ParquetKind
{
    /// <summary>Text.</summary>
    Text,

    /// <summary>A number or a truth value.</summary>
    Number,

    /// <summary>Neither, nor a list of such.</summary>
    Other,

    /// <summary>Nothing but null.</summary>
    Null,
}

/// <summary>
/// A column by what the file's schema says of it: of text or of numbers, a list of them, or something that no example is made of.
/// Levels count how much of the way to a value is there: below <see cref="PresentLevel"/> the row has null, below
/// <see cref="ItemLevel"/> an empty list, below <see cref="ValueLevel"/> a null in the list.
/// </summary>
/// <param name="Name">Its name.</param>
/// <param name="Way">From the column to the part that holds its values.</param>
internal sealed record ParquetColumn(string Name, IReadOnlyList<ParquetNode> Way)
{
    /// <summary>What its values, or the items of its lists, are.</summary>
    public ParquetKind Kind { get; private init; }

    /// <summary>Whether it is a list.</summary>
    public bool IsList { get; private init; }

    /// <summary>How a message calls a value.</summary>
    public string What { get; private init; } = "";

    /// <summary>The level at which a row has something.</summary>
    public int PresentLevel => Way[0].IsOptional ? 1 : 0;

    /// <summary>The level at which a list has an item.</summary>
    public int ItemLevel { get; private init; }

    /// <summary>The level at which there is a value.</summary>
    public int ValueLevel => Way.Count(node => node.Repetition != 0);

    /// <summary>How often something repeats on the way.</summary>
    public int Repetitions => Way.Count(node => node.Repeats);

    /// <summary>The names on the way.</summary>
    public IEnumerable<string> Path => Way.Select(node => node.Name);

    /// <summary>The column that a part of the schema's top is.</summary>
    public static ParquetColumn Of(ParquetNode node)
    {
        var way = node.Leaves().First();
        return ListWay(node) is not { } list ? Plain(node, way)
            : list.Item is { IsGroup: false } item ? OfItems(node, way, list.Repeated, item)
            : new ParquetColumn(node.Name,
                way)
            {
                Kind = ParquetKind.Other,
                What = list.Item is { } inner
                        ? $"a list whose items are {inner.Kind.Replace("a ", "", StringComparison.Ordinal)}s"
                        : "a list whose items are structs"
            };
    }

    private static ParquetColumn Plain(ParquetNode node, ParquetNode[] way) =>
        new(node.Name, way) { Kind = node.IsGroup ? ParquetKind.Other : KindOf(node), What = node.Kind };

    private static ParquetColumn OfItems(ParquetNode node, ParquetNode[] way, ParquetNode repeated, ParquetNode item)
    {
        var kind = KindOf(item);
        return new ParquetColumn(node.Name, way)
        {
            IsList = kind is not ParquetKind.Other,
            Kind = kind,
            What = $"a list whose items are {item.Kind}",
            ItemLevel = way.TakeWhile(part => part != repeated).Append(repeated).Count(part => part.Repetition != 0),
        };
    }

    private static ParquetKind KindOf(ParquetNode leaf) => leaf.IsNull ? ParquetKind.Null
        : leaf.IsText ? ParquetKind.Text
        : leaf.IsNumber ? ParquetKind.Number
        : ParquetKind.Other;

    /// <summary>
    /// The part that repeats and the items, by the format's rules for lists of today and of before; no item where it is the
    /// repeated group itself.
    /// </summary>
    private static (ParquetNode Repeated, ParquetNode? Item)? ListWay(ParquetNode node)
    {
        if (node.Repeats)
        {
            return (node, node.IsGroup ? null : node);
        }

        if (!node.IsList || node.Parts is not [{ Repeats: true } repeated])
        {
            return null;
        }

        return !repeated.IsGroup ? (repeated, repeated)
            : repeated.Parts.Count == 1 && repeated.Name != "array" && repeated.Name != node.Name + "_tuple" && !repeated.Parts[0].Repeats
                ? (repeated, repeated.Parts[0])
            : (repeated, null);
    }
}
