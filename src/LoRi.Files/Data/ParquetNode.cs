namespace LoRi.Files.Data;

/// <summary>A column of a Parquet file's schema, or a part of one.</summary>
/// <param name="Name">Its name within the part that it belongs to.</param>
internal sealed record ParquetNode(string Name)
{
    /// <summary>Physical types, as the format numbers them.</summary>
    public const int Bool = 0, Int32 = 1, Int64 = 2, Int96 = 3, Float = 4, Double = 5, Bytes = 6, FixedBytes = 7;

    private const int Optional = 1, Repeating = 2;
    private const int ConvertedUtf8 = 0, ConvertedMap = 1, ConvertedMapEntry = 2, ConvertedList = 3, ConvertedEnum = 4, ConvertedDecimal =
        5, ConvertedJson = 19;
    private const int LogicalText = 1, LogicalMap = 2, LogicalList = 3, LogicalEnum = 4, LogicalDecimal = 5, LogicalInteger =
        10, LogicalNull = 11, LogicalJson = 12, LogicalUuid = 14, LogicalHalf = 15;

    /// <summary>The physical type; null where it has parts.</summary>
    public int? Type { get; init; }

    /// <summary>Whether it must be there (0), may be null (1) or repeats (2).</summary>
    public int Repetition { get; init; }

    /// <summary>The older annotation, where there is one.</summary>
    public int? Converted { get; init; }

    /// <summary>The newer annotation, where there is one.</summary>
    public int? Logical { get; init; }

    /// <summary>Bytes of a value, where all have as many.</summary>
    public int Length { get; init; }

    /// <summary>Digits behind the point of a decimal number.</summary>
    public int Scale { get; init; }

    /// <summary>Digits of a decimal number.</summary>
    public int Precision { get; init; }

    /// <summary>Bits of a whole number that is annotated as one.</summary>
    public int Bits { get; init; }

    /// <summary>Whether such a number has no sign.</summary>
    public bool Unsigned { get; init; }

    /// <summary>How many parts it has.</summary>
    public int Children { get; init; }

    /// <summary>Its parts.</summary>
    public List<ParquetNode> Parts { get; } = [];

    /// <summary>Whether it may be null.</summary>
    public bool IsOptional => Repetition == Optional;

    /// <summary>Whether it stands there any number of times.</summary>
    public bool Repeats => Repetition == Repeating;

    /// <summary>Whether it has parts.</summary>
    public bool IsGroup => Type is null;

    /// <summary>Whether it is annotated as a list.</summary>
    public bool IsList => IsGroup && (Logical == LogicalList || Converted == ConvertedList);

    /// <summary>Whether it is annotated as a map.</summary>
    public bool IsMap => IsGroup && (Logical == LogicalMap || Converted is ConvertedMap or ConvertedMapEntry);

    /// <summary>Whether all its values are null.</summary>
    public bool IsNull => Logical == LogicalNull;

    /// <summary>Whether its values are text.</summary>
    public bool IsText =>
        Type is Bytes or FixedBytes
            && (Logical is LogicalText or LogicalEnum or LogicalJson
                || (Logical is null && Converted is ConvertedUtf8 or ConvertedEnum or ConvertedJson));

    /// <summary>Whether its values are numbers or truth values.</summary>
    public bool IsNumber => Logical is LogicalDecimal or LogicalHalf || (Logical is null && Converted == ConvertedDecimal)
        || (Type is Bool or Int32 or Int64 or Float or Double && Logical is null or LogicalInteger
            && (Converted is null or >= 11 and <= 18));

    /// <summary>Whether its values are numbers of half precision.</summary>
    public bool IsHalf => Logical == LogicalHalf;

    /// <summary>The annotation, of the older kind, that its values are read by; null where none is.</summary>
    public int? Reading => IsList ? ConvertedList
        : IsText ? ConvertedUtf8
        : !IsNumber ? null
        : Logical == LogicalDecimal || Converted == ConvertedDecimal ? ConvertedDecimal
        : Logical == LogicalInteger && Bits is 8 or 16 or 32 or 64 ? (Unsigned ? 11 : 15) + int.Log2(Bits / 8)
        : Converted;

    /// <summary>What a value of it is, in words, where it is neither text nor a number.</summary>
    public string Kind => IsMap ? "a map"
        : IsList ? "a list"
        : IsGroup ? "a struct"
        : Logical == LogicalUuid ? "a UUID"
        : Type is Bytes or FixedBytes ? "bytes that are not said to be text"
        : "a date or a time";

    /// <summary>All parts that have no parts, with the way to each.</summary>
    public IEnumerable<ParquetNode[]> Leaves() => IsGroup
        ? Parts.SelectMany(part => part.Leaves()).Select(way => (ParquetNode[])[this, .. way])
        : [[this]];
}
