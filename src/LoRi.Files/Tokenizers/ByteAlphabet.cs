using System.Text;

namespace LoRi.Files.Tokenizers;

/// <summary>
/// The alphabet of byte-level vocabularies: every byte has a printable character. Printable Latin-1 bytes stand for
/// themselves, the others for the characters from U+0100 on, in order; a space is U+0120.
/// </summary>
internal static class ByteAlphabet
{
    private static readonly char[] Characters = BuildCharacters();
    private static readonly short[] Bytes = BuildBytes();

    /// <summary>The UTF-8 bytes of a text, in the alphabet.</summary>
    public static string Write(ReadOnlySpan<char> text)
    {
        var utf8 = new byte[Encoding.UTF8.GetByteCount(text)];
        Encoding.UTF8.GetBytes(text, utf8);
        return string.Create(utf8.Length, utf8, (symbols, bytes) => Write(bytes, symbols));
    }

    /// <summary>One byte, in the alphabet.</summary>
    public static string Write(byte value) => Characters[value].ToString();

    /// <summary>Bytes, in the alphabet, each a character of a span of the same length.</summary>
    public static void Write(ReadOnlySpan<byte> bytes, Span<char> symbols)
    {
        for (var i = 0; i < bytes.Length; i++)
        {
            symbols[i] = Characters[bytes[i]];
        }
    }

    /// <summary>The bytes of a token; those of its own UTF-8 form when it has a character outside the alphabet.</summary>
    public static byte[] Read(string token)
    {
        var bytes = new byte[token.Length];
        for (var i = 0; i < token.Length; i++)
        {
            var value = token[i] < Bytes.Length ? Bytes[token[i]] : -1;
            if (value < 0)
            {
                return Encoding.UTF8.GetBytes(token);
            }

            bytes[i] = (byte)value;
        }

        return bytes;
    }

    private static char[] BuildCharacters()
    {
        var characters = new char[256];
        var next = '\u0100';
        for (var value = 0; value < 256; value++)
        {
            var printable = value is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or >= 0xAE;
            characters[value] = printable ? (char)value : next++;
        }

        return characters;
    }

    private static short[] BuildBytes()
    {
        var bytes = new short[Characters.Max() + 1];
        Array.Fill(bytes, (short)-1);
        for (short value = 0; value < 256; value++)
        {
            bytes[Characters[value]] = value;
        }

        return bytes;
    }
}
