using System.Text;

namespace LoRi.Files.Data;

/// <summary>
/// Reads the compact protocol of Thrift, in which Parquet's metadata are written. Depth, lengths and counts are checked against the
/// bytes that there are before anything is made of them.
/// </summary>
/// <param name="bytes">The metadata, and perhaps more.</param>
internal sealed class ThriftCursor(ReadOnlyMemory<byte> bytes)
{
    /// <summary>Types of values, as the protocol numbers them.</summary>
    public const int True = 1, False = 2, Byte = 3, Int64 = 6, Double = 7, Binary = 8, List = 9, Set = 10, Map = 11, Struct = 12;

    private const int Deepest = 64, MostElements = 1_000_000;
    private int depth, elements;

    /// <summary>Bytes that were read.</summary>
    public int Position { get; private set; }

    private int Left => bytes.Length - Position;

    /// <summary>Reads a structure field by field.</summary>
    /// <param name="field">Reads or skips the value of a field, given its number and its type.</param>
    /// <exception cref="BadParquetException">It is malformed.</exception>
    public void Fields(Action<int, int> field)
    {
        Enter();
        var number = 0;
        for (var head = Next(); head != 0; head = Next())
        {
            number = head >> 4 is var step and not 0 ? number + step : (int)Integer(Int64);
            field(number, head & 15);
        }

        depth--;
    }

    /// <summary>Reads a structure that is a value, field by field.</summary>
    public void Structure(int type, Action<int, int> field)
    {
        Check(type == Struct);
        Fields(field);
    }

    /// <summary>A whole number.</summary>
    public long Integer(int type)
    {
        if (type == Byte)
        {
            return (sbyte)Next();
        }

        Check(type is > Byte and <= Int64);
        var value = Varint();
        return (long)(value >> 1) ^ -(long)(value & 1);
    }

    /// <summary>A whole number of 32 bits.</summary>
    public int Int32(int type) => Integer(type) is var value && value == (int)value ? (int)value : throw Malformed();

    /// <summary>A text.</summary>
    public string Text(int type)
    {
        Check(type == Binary);
        return Encoding.UTF8.GetString(Take(Varint()));
    }

    /// <summary>A list of structures, each of which <paramref name="item"/> reads.</summary>
    public void Structures(int type, Action item) => Items(type, Struct, item);

    /// <summary>A list of texts.</summary>
    public List<string> Texts(int type)
    {
        var texts = new List<string>();
        Items(type, Binary, () => texts.Add(Text(Binary)));
        return texts;
    }

    /// <summary>Passes over a value.</summary>
    public void Skip(int type)
    {
        switch (type)
        {
            case True or False:
                break;
            case Double:
                Take(sizeof(double));
                break;
            case Binary:
                Take(Varint());
                break;
            case List or Set:
                var (count, kind) = Head();
                Repeat(count, () => SkipItem(kind));
                break;
            case Map:
                SkipMap();
                break;
            case Struct:
                Fields((_, kind) => Skip(kind));
                break;
            default:
                Integer(type);
                break;
        }
    }

    private void Items(int type, int wanted, Action item)
    {
        Check(type == List);
        var (count, kind) = Head();
        Check(kind == wanted || count == 0);
        Repeat(count, item);
    }

    private (int Count, int Kind) Head()
    {
        var head = Next();
        return (head >> 4 is var count and not 15 ? Count((ulong)count) : Count(Varint()), head & 15);
    }

    private void SkipMap()
    {
        if (Count(Varint()) is var count and > 0)
        {
            var kinds = Next();
            Repeat(count, () =>
            {
                SkipItem(kinds >> 4);
                SkipItem(kinds & 15);
            });
        }
    }

    /// <summary>Truth values have a byte of their own where they are items.</summary>
    private void SkipItem(int kind)
    {
        if (kind is True or False)
        {
            Next();
        }
        else
        {
            Skip(kind);
        }
    }

    /// <summary>Every item has a byte at least.</summary>
    private int Count(ulong count)
    {
        Check(count <= (ulong)Left);
        elements += (int)count;
        return elements <= MostElements ? (int)count : throw new BadParquetException($"its metadata list more than {MostElements} things");
    }

    private void Repeat(int count, Action item)
    {
        Enter();
        for (var index = 0; index < count; index++)
        {
            item();
        }

        depth--;
    }

    private void Enter()
    {
        if (++depth > Deepest)
        {
            throw new BadParquetException($"its metadata are nested more than {Deepest} deep");
        }
    }

    private ulong Varint()
    {
        var value = 0UL;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var part = Next();
            value |= (ulong)(part & 0x7F) << shift;
            if (part < 0x80)
            {
                return value;
            }
        }

        throw Malformed();
    }

    private byte Next() => Take(1)[0];

    private ReadOnlySpan<byte> Take(ulong count)
    {
        if (count > (ulong)Left)
        {
            throw new BadParquetException("its metadata end too early");
        }

        var taken = bytes.Span.Slice(Position, (int)count);
        Position += (int)count;
        return taken;
    }

    private static void Check(bool holds)
    {
        if (!holds)
        {
            throw Malformed();
        }
    }

    private static BadParquetException Malformed() => new("its metadata are malformed");
}
