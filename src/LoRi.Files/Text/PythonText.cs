using System.Globalization;
using System.Text;

namespace LoRi.Files.Text;

/// <summary>Python's notions of white space and digits, which the published scorers rely on.</summary>
internal static class PythonText
{
    /// <summary><c>str.strip()</c>: .NET's white space and the four separators U+001C to U+001F.</summary>
    internal static string Strip(string text)
    {
        var (start, end) = (0, text.Length);
        while (start < end && IsSpace(text[start]))
        {
            start++;
        }

        while (end > start && IsSpace(text[end - 1]))
        {
            end--;
        }

        return text[start..end];
    }

    /// <summary>Every decimal digit of every script as 0 to 9, also those beyond the basic plane.</summary>
    internal static string DigitsToAscii(string text)
    {
        var result = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            if (Rune.GetUnicodeCategory(rune) == UnicodeCategory.DecimalDigitNumber)
            {
                result.Append((char)('0' + (int)Rune.GetNumericValue(rune)));
            }
            else
            {
                result.Append(rune.ToString());
            }
        }

        return result.ToString();
    }

    private static bool IsSpace(char c) => char.IsWhiteSpace(c) || c is >= '\u001c' and <= '\u001f';
}
