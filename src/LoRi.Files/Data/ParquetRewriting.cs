using System.Buffers.Binary;
using LoRi.Files.Text;

namespace LoRi.Files.Data;

/// <summary>
/// A Parquet file of one column in one group of rows, with metadata that are made anew from what was checked. The library reads a field
/// as what it should be, whatever the file says that it is, so nothing but the pages' contents may reach it.
/// </summary>
internal static class ParquetRewriting
{
    private const long Largest = 1L << 30;

    /// <summary>The file.</summary>
    /// <param name="file">Where the pages are.</param>
    /// <param name="column">The column.</param>
    /// <param name="chunk">The column in the group.</param>
    /// <param name="pages">Its pages, each with where its content begins.</param>
    /// <param name="rows">Rows of the group.</param>
    /// <exception cref="BadParquetException">It is too large.</exception>
    public static byte[] Of(
        Stream file, ParquetColumn column, ParquetChunk chunk, IReadOnlyList<(ParquetPage Page, long At)> pages, long rows)
    {
        if (chunk.Length > Largest)
        {
            throw ParquetPages.Bad(chunk, $"has more than {MessageText.Bytes(Largest)} in one group of rows", sound: true);
        }

        var bytes = new MemoryStream();
        bytes.Write("PAR1"u8);
        foreach (var (page, at) in pages)
        {
            Head(page).WriteTo(bytes);
            var content = new byte[page.Packed];
            file.Position = at;
            file.ReadExactly(content);
            bytes.Write(content);
        }

        var length = bytes.Length - 4;

        // Whoever has not had all values by now meets a page that cannot be read.
        new ThriftWriter().Int(1, ParquetPage.Index).Int(2, 0).Int(3, 0).WriteTo(bytes);
        var start = bytes.Length;
        Metadata(column, chunk, rows, length).WriteTo(bytes);
        Span<byte> end = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(end, (int)(bytes.Length - start));
        bytes.Write(end);
        bytes.Write("PAR1"u8);
        return bytes.ToArray();
    }

    private static ThriftWriter Head(ParquetPage page)
    {
        var head = new ThriftWriter().Int(1, page.Kind).Int(2, page.Plain).Int(3, page.Packed);
        var values = new ThriftWriter().Int(1, page.Values);
        return page.Kind switch
        {
            ParquetPage.Dictionary => head.Structure(7, values.Int(2, page.Encoding)),
            ParquetPage.Data => head.Structure(5, values.Int(2, page.Encoding).Int(3, 3).Int(4, 3)),
            _ => head.Structure(
                8, values.Int(2, page.Nulls).Int(3, page.Values).Int(4, page.Encoding).Int(5, page.DefinitionBytes)
                    .Int(6, page.RepetitionBytes).Truth(7, !page.AsItIs)),
        };
    }

    private static ThriftWriter Metadata(ParquetColumn column, ParquetChunk chunk, long rows, long length)
    {
        string[] names = [.. column.Way.Select((_, index) => $"part{index}")];
        var of = new ThriftWriter()
            .Int(1, column.Way[^1].Type).Texts(2, []).Texts(3, names).Int(4, chunk.Codec)
            .Int(5, chunk.Values).Int(6, length).Int(7, length).Int(9, 4);
        var group = new ThriftWriter()
            .Structures(1, [new ThriftWriter().Int(2, 4).Structure(3, of)]).Int(2, length).Int(3, rows);
        var schema = column.Way.Select((node, index) => Element(node, names[index])).Prepend(new ThriftWriter().Text(4, "rows").Int(5, 1));
        return new ThriftWriter().Int(1, 1).Structures(2, [.. schema]).Int(3, rows).Structures(4, [group]);
    }

    /// <summary>
    /// A column's description. Texts are handed on as bytes: the library would put other characters in place of what is not
    /// UTF-8.
    /// </summary>
    private static ThriftWriter Element(ParquetNode node, string name) => new ThriftWriter()
        .Int(1, node.Type).Int(2, node.Type == ParquetNode.FixedBytes ? node.Length : null).Int(3, node.Repetition).Text(4, name)
        .Int(5, node.IsGroup ? 1 : null).Int(6, node.IsText ? null : node.Reading)
        .Int(7, node.Reading is null ? null : node.Scale).Int(8, node.Reading is null ? null : node.Precision)
        .Structure(10, node.IsHalf ? new ThriftWriter().Structure(15, new ThriftWriter()) : null);
}
