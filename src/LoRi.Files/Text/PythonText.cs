using System.Globalization;
using System.Text;

namespace LoRi.Files.Text;

/// <summary>
/// Strings as Python sees them, which the published scorers and chat templates rely on: code points, white space, digits, and how
/// numbers and strings are written.
/// </summary>
internal static class PythonText
{
    /// <summary>Whether Python's <c>str.isspace</c> and <c>\s</c> hold of a character.</summary>
    public static bool IsSpace(char c) => char.IsWhiteSpace(c) || c is >= '\u001C' and <= '\u001F';

    /// <summary>The first place from <paramref name="at"/> on that is no white space.</summary>
    public static int SkipSpace(string text, int at)
    {
        while (at < text.Length && IsSpace(text[at]))
        {
            at++;
        }

        return at;
    }

    /// <summary><c>str.strip()</c>.</summary>
    public static string Strip(string text) => Strip(text, null, left: true, right: true);

    /// <summary>Removes the given characters, white space where it is null, from the chosen ends.</summary>
    public static string Strip(string text, string? characters, bool left, bool right)
    {
        bool Goes(char c) => characters is null ? IsSpace(c) : characters.Contains(c, StringComparison.Ordinal);
        int start = 0, end = text.Length;
        while (left && start < end && Goes(text[start]))
        {
            start++;
        }

        while (right && start < end && Goes(text[end - 1]))
        {
            end--;
        }

        return text[start..end];
    }

    /// <summary>Whether every UTF-16 unit is a code point.</summary>
    public static bool IsPlain(string text) => text.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF') < 0;

    /// <summary>Number of code points.</summary>
    public static int Length(string text) => IsPlain(text) ? text.Length : text.EnumerateRunes().Count();

    /// <summary>The code points, each as a string.</summary>
    public static IEnumerable<string> Characters(string text)
    {
        foreach (var rune in text.EnumerateRunes())
        {
            yield return rune.ToString();
        }
    }

    /// <summary>Every decimal digit of every script as 0 to 9, also those beyond the basic plane.</summary>
    public static string DigitsToAscii(string text) => string.Concat(text.EnumerateRunes().Select(rune =>
        Rune.GetUnicodeCategory(rune) == UnicodeCategory.DecimalDigitNumber ? $"{(int)Rune.GetNumericValue(rune)}" : rune.ToString()));

    /// <summary>Upper case at the start of every word where <paramref name="everyWord"/>, else of the text; lower case elsewhere.</summary>
    public static string Title(string text, bool everyWord)
    {
        StringBuilder titled = new(text.Length);
        var inWord = false;
        foreach (var c in text)
        {
            titled.Append(inWord ? char.ToLowerInvariant(c) : char.ToUpperInvariant(c));
            inWord = everyWord ? char.IsLetter(c) : true;
        }

        return titled.ToString();
    }

    /// <summary>A number as <c>repr</c> writes it: the shortest that reads back the same.</summary>
    public static string Write(double value)
    {
        if (!double.IsFinite(value))
        {
            return double.IsNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
        }

        var shortest = value.ToString("E16", CultureInfo.InvariantCulture);
        var round = value.ToString("R", CultureInfo.InvariantCulture);
        var exponent = value == 0
            ? 0
            : int.Parse(shortest.AsSpan(shortest.IndexOf('E', StringComparison.Ordinal) + 1), NumberStyles.AllowLeadingSign,
                CultureInfo.InvariantCulture);
        var sign = double.IsNegative(value) ? "-" : "";
        var digits = Digits(round);
        if (exponent is >= -4 and < 16)
        {
            return sign + Positional(digits, exponent);
        }

        var fraction = digits.Length > 1 ? "." + digits[1..] : "";
        return string.Create(CultureInfo.InvariantCulture,
            $"{sign}{digits[0]}{fraction}e{(exponent < 0 ? '-' : '+')}{System.Math.Abs(exponent):00}");
    }

    private static string Digits(string number)
    {
        var mantissa = number.Split('E')[0].Replace(".", "", StringComparison.Ordinal).TrimStart('-').TrimStart('0').TrimEnd('0');
        return mantissa.Length == 0 ? "0" : mantissa;
    }

    private static string Positional(string digits, int exponent)
    {
        if (exponent < 0)
        {
            return "0." + new string('0', -exponent - 1) + digits;
        }

        var padded = digits.PadRight(exponent + 2, '0');
        return $"{padded[..(exponent + 1)]}.{padded[(exponent + 1)..]}";
    }

    /// <summary>A string in the quotes and with the escapes of <c>repr</c>.</summary>
    public static string Quote(string text)
    {
        var quote = text.Contains('\'', StringComparison.Ordinal) && !text.Contains('"', StringComparison.Ordinal) ? '"' : '\'';
        StringBuilder quoted = new();
        quoted.Append(quote);
        foreach (var rune in text.EnumerateRunes())
        {
            quoted.Append(rune.Value switch
            {
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                '\\' => "\\\\",
                int value when value == quote => "\\" + quote,
                int value when value != ' ' && IsUnprintable(rune) => Escape(value),
                _ => rune.ToString(),
            });
        }

        return quoted.Append(quote).ToString();
    }

    private static bool IsUnprintable(Rune rune) => Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format
        or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned or UnicodeCategory.LineSeparator
        or UnicodeCategory.ParagraphSeparator or UnicodeCategory.SpaceSeparator;

    private static string Escape(int value) => value switch
    {
        < 0x100 => string.Create(CultureInfo.InvariantCulture, $"\\x{value:x2}"),
        < 0x10000 => string.Create(CultureInfo.InvariantCulture, $"\\u{value:x4}"),
        _ => string.Create(CultureInfo.InvariantCulture, $"\\U{value:x8}"),
    };
}
