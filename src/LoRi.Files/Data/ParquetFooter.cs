using System.Buffers.Binary;
using LoRi.Files.Text;

namespace LoRi.Files.Data;

/// <summary>The bytes of one column in one group of rows.</summary>
/// <param name="Path">The names that lead to the column.</param>
/// <param name="Codec">How its pages are compressed.</param>
/// <param name="Values">Its values, nulls included.</param>
/// <param name="Start">Where its first page begins.</param>
/// <param name="Length">Its bytes.</param>
internal sealed record ParquetChunk(IReadOnlyList<string> Path, int Codec, long Values, long Start, long Length);

/// <summary>A group of rows.</summary>
/// <param name="Rows">How many.</param>
/// <param name="Chunks">Its columns.</param>
internal sealed record ParquetGroup(long Rows, IReadOnlyList<ParquetChunk> Chunks);

/// <summary>
/// What a Parquet file says of itself at its end, read and checked before any library trusts it: the library ends in a stack
/// overflow on deep metadata, and makes room for as many rows as a file claims.
/// </summary>
internal sealed class ParquetFooter
{
    /// <summary>Rows that a file may have beyond one a byte.</summary>
    public const long FreeRows = 1 << 16;

    private const int Largest = 1 << 25, MostNodes = 100_000, DeepestNode = 32;
    private readonly List<ParquetNode> nodes = [];
    private readonly List<ParquetGroup> groups = [];

    private ParquetFooter()
    {
    }

    /// <summary>The columns of a row.</summary>
    public ParquetNode Root { get; private set; } = new("");

    /// <summary>The groups of rows.</summary>
    public IReadOnlyList<ParquetGroup> Groups => groups;

    /// <summary>Reads and checks the end of a file.</summary>
    /// <exception cref="BadParquetException">It is malformed, or claims what the file cannot have.</exception>
    public static ParquetFooter Read(Stream stream)
    {
        var (bytes, start) = Bytes(stream);
        var footer = new ParquetFooter();
        var rows = footer.ReadMetadata(new ThriftCursor(bytes));
        footer.BuildTree();
        footer.CheckRows(rows, stream.Length);
        footer.CheckChunks(start);
        return footer;
    }

    private static (byte[] Bytes, long Start) Bytes(Stream stream)
    {
        if (stream.Length < 12)
        {
            throw new BadParquetException("it has too few bytes");
        }

        Span<byte> end = stackalloc byte[8];
        stream.Position = stream.Length - end.Length;
        stream.ReadExactly(end);
        if (!end[4..].SequenceEqual("PAR1"u8))
        {
            throw end[4..].SequenceEqual("PARE"u8)
                ? new BadParquetException("it is encrypted", sound: true)
                : new BadParquetException("its end is missing");
        }

        var length = BinaryPrimitives.ReadInt32LittleEndian(end);
        if (length < 0 || length > stream.Length - 12 || length > Largest)
        {
            throw new BadParquetException($"it claims {length} bytes of metadata");
        }

        var bytes = new byte[length];
        stream.Position = stream.Length - 8 - length;
        stream.ReadExactly(bytes);
        return (bytes, stream.Length - 8 - length);
    }

    private long ReadMetadata(ThriftCursor cursor)
    {
        var rows = -1L;
        cursor.Fields((field, type) =>
        {
            switch (field)
            {
                case 2:
                    cursor.Structures(type, () => nodes.Add(Node(cursor)));
                    break;
                case 3:
                    rows = cursor.Integer(type);
                    break;
                case 4:
                    cursor.Structures(type, () => groups.Add(Group(cursor)));
                    break;
                case 8:
                    throw new BadParquetException("it is encrypted", sound: true);
                default:
                    cursor.Skip(type);
                    break;
            }
        });
        return rows;
    }

    private static ParquetNode Node(ThriftCursor cursor)
    {
        var node = new ParquetNode("");
        cursor.Fields((field, type) =>
        {
            switch (field)
            {
                case 1:
                    node = node with { Type = cursor.Int32(type) };
                    break;
                case 2:
                    node = node with { Length = cursor.Int32(type) };
                    break;
                case 7:
                    node = node with { Scale = cursor.Int32(type) };
                    break;
                case 8:
                    node = node with { Precision = cursor.Int32(type) };
                    break;
                case 3:
                    node = node with { Repetition = cursor.Int32(type) };
                    break;
                case 4:
                    node = node with { Name = cursor.Text(type) };
                    break;
                case 5:
                    node = node with { Children = cursor.Int32(type) };
                    break;
                case 6:
                    node = node with { Converted = cursor.Int32(type) };
                    break;
                case 10:
                    node = Logical(cursor, type, node);
                    break;
                default:
                    cursor.Skip(type);
                    break;
            }
        });
        return node;
    }

    private static ParquetNode Logical(ThriftCursor cursor, int type, ParquetNode node)
    {
        cursor.Structure(type, (logical, kind) =>
        {
            node = node with { Logical = logical };
            cursor.Structure(kind, (field, kindOfField) =>
            {
                if (field == 1 && kindOfField == ThriftCursor.Byte)
                {
                    node = node with { Bits = (int)cursor.Integer(kindOfField) };
                }
                else
                {
                    node = node with { Unsigned = node.Unsigned || (field == 2 && kindOfField == ThriftCursor.False) };
                    cursor.Skip(kindOfField);
                }
            });
        });
        return node;
    }

    private static ParquetGroup Group(ThriftCursor cursor)
    {
        var (rows, chunks) = (-1L, new List<ParquetChunk>());
        cursor.Fields((field, type) =>
        {
            switch (field)
            {
                case 1:
                    cursor.Structures(type, () => chunks.Add(Chunk(cursor)));
                    break;
                case 3:
                    rows = cursor.Integer(type);
                    break;
                default:
                    cursor.Skip(type);
                    break;
            }
        });
        return new ParquetGroup(rows, chunks);
    }

    private static ParquetChunk Chunk(ThriftCursor cursor)
    {
        ParquetChunk? chunk = null;
        cursor.Fields((field, type) =>
        {
            switch (field)
            {
                case 1:
                    throw new BadParquetException("its columns are in other files", sound: true);
                case 3:
                    chunk = Metadata(cursor, type);
                    break;
                default:
                    cursor.Skip(type);
                    break;
            }
        });
        return chunk ?? throw new BadParquetException("a column lacks its metadata");
    }

    private static ParquetChunk Metadata(ThriftCursor cursor, int kind)
    {
        var chunk = new ParquetChunk([], 0, -1, 0, -1);
        var starts = new List<long>();
        cursor.Structure(kind, (field, type) =>
        {
            switch (field)
            {
                case 3:
                    chunk = chunk with { Path = cursor.Texts(type) };
                    break;
                case 4:
                    chunk = chunk with { Codec = cursor.Int32(type) };
                    break;
                case 5:
                    chunk = chunk with { Values = cursor.Integer(type) };
                    break;
                case 7:
                    chunk = chunk with { Length = cursor.Integer(type) };
                    break;
                case 9 or 10 or 11:
                    starts.Add(cursor.Integer(type));
                    break;
                default:
                    cursor.Skip(type);
                    break;
            }
        });
        return chunk with { Start = starts.Where(start => start != 0).DefaultIfEmpty(-1).Min() };
    }

    private void BuildTree()
    {
        if (nodes.Count is 0 or > MostNodes)
        {
            throw new BadParquetException($"its schema has {nodes.Count} parts");
        }

        var next = 0;
        Root = Take(ref next, 0);
        if (next != nodes.Count || !Root.IsGroup)
        {
            throw new BadParquetException("its schema does not fit together");
        }
    }

    private ParquetNode Take(ref int next, int depth)
    {
        if (depth > DeepestNode)
        {
            throw new BadParquetException($"its schema is nested more than {DeepestNode} deep");
        }

        var node = nodes[next++];
        var left = nodes.Count - next;
        if (node.Children < 0 || node.Children > left || (node.IsGroup ? node.Children == 0 && depth > 0 : node.Children > 0)
            || node.Type is < 0 or > 7 || node.Repetition is < 0 or > 2)
        {
            throw new BadParquetException($"its schema is damaged at {MessageText.Quote(node.Name)}");
        }

        for (var child = 0; child < node.Children; child++)
        {
            node.Parts.Add(
                next < nodes.Count ? Take(ref next, depth + 1) : throw new BadParquetException("its schema does not fit together"));
        }

        return node;
    }

    private void CheckRows(long rows, long bytes)
    {
        if (groups.Any(group => group.Rows < 0 || group.Rows > FreeRows + bytes) || groups.Sum(group => group.Rows) != rows)
        {
            throw new BadParquetException($"it claims {rows} rows, which its groups do not have");
        }

        if (rows > FreeRows + bytes)
        {
            throw new BadParquetException($"it claims {rows} rows in {bytes} bytes");
        }
    }

    private void CheckChunks(long end)
    {
        var leaves = Root.Leaves().Count();
        foreach (var group in groups)
        {
            if (group.Chunks.Count != leaves)
            {
                throw new BadParquetException($"a group of rows has {group.Chunks.Count} columns where the schema has {leaves}");
            }

            foreach (var chunk in group.Chunks.Where(
                chunk => chunk.Start < 4 || chunk.Length < 0 || chunk.Length > end - chunk.Start || chunk.Values < 0))
            {
                throw new BadParquetException($"column {MessageText.Quote(string.Join('.', chunk.Path))} does not lie within the file");
            }
        }
    }
}
