using LoRi.Files.Text;

namespace LoRi.Files.Data;

/// <summary>What the head of a page says.</summary>
/// <param name="Kind">Values (0, 3), an index (1) or a dictionary (2).</param>
/// <param name="Plain">Bytes when they are unpacked.</param>
/// <param name="Packed">Bytes in the file.</param>
/// <param name="Values">Its values.</param>
/// <param name="Encoding">How they are written.</param>
/// <param name="Nulls">Its nulls, where its levels stand apart.</param>
/// <param name="DefinitionBytes">Bytes of levels, of the first kind, that stand before packed values.</param>
/// <param name="RepetitionBytes">Those of the second kind.</param>
/// <param name="AsItIs">Whether its values are not packed, whatever those of other pages are.</param>
internal readonly record struct ParquetPage(
    int Kind, long Plain, long Packed, long Values, int Encoding, long Nulls, long DefinitionBytes, long RepetitionBytes, bool AsItIs)
{
    /// <summary>Kinds of pages, as the format numbers them.</summary>
    public const int Data = 0, Index = 1, Dictionary = 2, DataAgain = 3;

    /// <summary>Bytes of levels that stand before packed values.</summary>
    public long LevelBytes => DefinitionBytes + RepetitionBytes;
}

/// <summary>Checks the pages of a column before the library reads them, as it believes what their heads claim.</summary>
internal static class ParquetPages
{
    /// <summary>Encodings, as the format numbers them, that are checked by their lengths alone.</summary>
    private const int Plain = 0, PlainDictionary = 2, RunLength = 3, RleDictionary = 8, ByteStreamSplit = 9;

    private const int LongestHead = 1 << 20;
    private const long FreeBytes = 1 << 26, Ratio = 64, MostWork = 1 << 30;

    /// <summary>How many bytes some packed ones may become.</summary>
    public static long Unpacked(long packed) => FreeBytes + (Ratio * packed);

    /// <summary>Reads the heads of all pages of a column: each with where its content begins.</summary>
    /// <param name="stream">The file.</param>
    /// <param name="chunk">The column in a group of rows.</param>
    /// <param name="repeated">Whether its values repeat within a row.</param>
    /// <exception cref="BadParquetException">
    /// A page is damaged, would unpack to far more than the file has, or is of a form that is not read.
    /// </exception>
    public static List<(ParquetPage Page, long At)> Read(Stream stream, ParquetChunk chunk, bool repeated)
    {
        if (chunk.Values > ParquetFooter.FreeRows + stream.Length)
        {
            throw Bad(chunk, $"claims {chunk.Values} values");
        }

        var pages = new List<(ParquetPage Page, long At)>();
        var (at, end, values, plain) = (chunk.Start, chunk.Start + chunk.Length, 0L, 0L);
        while (values < chunk.Values)
        {
            var page = Head(stream, chunk, ref at, end);
            CheckPage(chunk, page, end - at, repeated);
            if (page.Encoding is not (Plain or PlainDictionary or RleDictionary) && chunk.Values * (pages.Count + 1) > MostWork)
            {
                throw Bad(chunk, "has too many pages");
            }

            ParquetCompression.Check(stream, chunk, page, at, Unpacked(page.Packed));
            pages.Add((page, at));
            at += page.Packed;
            plain += page.Plain;
            values += page.Kind is ParquetPage.Data or ParquetPage.DataAgain ? page.Values : 0;
        }

        if (values != chunk.Values || plain > Unpacked(chunk.Length))
        {
            throw Bad(chunk,
                $"has pages of {values} values and {MessageText.Bytes(plain)} where {chunk.Values} values "
                + $"in {MessageText.Bytes(chunk.Length)} are claimed");
        }

        return pages;
    }

    /// <summary>An error that names the column.</summary>
    public static BadParquetException Bad(ParquetChunk chunk, string what, bool sound = false) =>
        new($"column {MessageText.Quote(string.Join('.', chunk.Path))} {what}", sound);

    private static ParquetPage Head(Stream stream, ParquetChunk chunk, ref long at, long end)
    {
        var bytes = new byte[long.Min(LongestHead, end - at)];
        for (var read = (int)long.Min(256, bytes.Length); ; read = (int)long.Min(bytes.Length, read * 16L))
        {
            stream.Position = at;
            stream.ReadExactly(bytes, 0, read);
            var cursor = new ThriftCursor(bytes.AsMemory(0, read));
            try
            {
                var page = Head(cursor);
                at += cursor.Position;
                return page;
            }
            catch (BadParquetException) when (read < bytes.Length)
            {
                // The head may be longer than what was looked at.
            }
            catch (BadParquetException e)
            {
                throw Bad(chunk, $"has a damaged page: {e.Message}");
            }
        }
    }

    private static ParquetPage Head(ThriftCursor cursor)
    {
        var page = new ParquetPage(-1, -1, -1, -1, 0, 0, 0, 0, false);
        cursor.Fields((field, type) =>
        {
            switch (field)
            {
                case 1:
                    page = page with { Kind = cursor.Int32(type) };
                    break;
                case 2:
                    page = page with { Plain = cursor.Int32(type) };
                    break;
                case 3:
                    page = page with { Packed = cursor.Int32(type) };
                    break;
                case 5 or 7 or 8:
                    page = Values(cursor, type, page, field);
                    break;
                default:
                    cursor.Skip(type);
                    break;
            }
        });
        return page;
    }

    /// <summary>The part of a head that is of its kind: values (5), a dictionary (7), or values with levels apart (8).</summary>
    private static ParquetPage Values(ThriftCursor cursor, int structure, ParquetPage page, int kind)
    {
        cursor.Structure(structure, (field, type) =>
        {
            switch (field)
            {
                case 1:
                    page = page with { Values = cursor.Int32(type) };
                    break;
                case 2 when kind != 8:
                case 4 when kind == 8:
                    page = page with { Encoding = cursor.Int32(type) };
                    break;
                case 2 when kind == 8:
                    page = page with { Nulls = cursor.Int32(type) };
                    break;
                case 5 when kind == 8:
                    page = page with { DefinitionBytes = Length(cursor.Int32(type)) };
                    break;
                case 6 when kind == 8:
                    page = page with { RepetitionBytes = Length(cursor.Int32(type)) };
                    break;
                case 7 when kind == 8:
                    page = page with { AsItIs = type == ThriftCursor.False };
                    cursor.Skip(type);
                    break;
                default:
                    cursor.Skip(type);
                    break;
            }
        });
        return page;
    }

    private static int Length(int length) => length >= 0 ? length : throw new BadParquetException("a length is negative");

    private static void CheckPage(ParquetChunk chunk, ParquetPage page, long left, bool repeated)
    {
        if (page.Packed < 0 || page.Packed > left || page.Plain < 0 || page.Plain > Unpacked(page.Packed)
            || page.LevelBytes > long.Min(page.Packed, page.Plain))
        {
            throw Bad(chunk, $"has a page of {page.Packed} bytes that claims to be {page.Plain} unpacked, where {left} are left");
        }

        if (page.Kind is ParquetPage.Index)
        {
            throw Bad(chunk, "has an index among its pages", sound: true);
        }

        if (page.Kind is < 0 or > 3 || page.Values < 0 || (page.Values > chunk.Values && page.Kind != ParquetPage.Dictionary)
            || page.Nulls < 0 || page.Nulls > page.Values || (page.Kind == ParquetPage.Dictionary && page.Values > page.Plain))
        {
            throw Bad(chunk, $"has a page that claims {page.Values} values");
        }

        if (page.Encoding is not (Plain or PlainDictionary or RunLength or RleDictionary or ByteStreamSplit))
        {
            throw Bad(chunk, "is written in an encoding that is none of plain, dictionary and run length", sound: true);
        }

        if (page.Kind == ParquetPage.DataAgain && repeated)
        {
            throw Bad(chunk, "is a list in pages of version 2", sound: true);
        }
    }
}
