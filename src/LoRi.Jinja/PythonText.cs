using System.Globalization;
using System.Text;
using LoRi.Files.Text;

namespace LoRi.Jinja;

/// <summary>Strings as Python sees them: code points, its white space, its escapes and its way to write numbers.</summary>
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
        foreach (Rune rune in text.EnumerateRunes())
        {
            yield return rune.ToString();
        }
    }

    /// <summary>Upper case at the start of every word where <paramref name="everyWord"/>, else of the text; lower case elsewhere.</summary>
    public static string Title(string text, bool everyWord)
    {
        StringBuilder titled = new(text.Length);
        bool inWord = false;
        foreach (char c in text)
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

        string shortest = value.ToString("E16", CultureInfo.InvariantCulture);
        string round = value.ToString("R", CultureInfo.InvariantCulture);
        int exponent = value == 0 ? 0 : int.Parse(shortest.AsSpan(shortest.IndexOf('E', StringComparison.Ordinal) + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        string sign = double.IsNegative(value) ? "-" : "";
        string digits = Digits(round);
        if (exponent is >= -4 and < 16)
        {
            return sign + Positional(digits, exponent);
        }

        string fraction = digits.Length > 1 ? "." + digits[1..] : "";
        return string.Create(CultureInfo.InvariantCulture, $"{sign}{digits[0]}{fraction}e{(exponent < 0 ? '-' : '+')}{System.Math.Abs(exponent):00}");
    }

    private static string Digits(string number)
    {
        string mantissa = number.Split('E')[0].Replace(".", "", StringComparison.Ordinal).TrimStart('-').TrimStart('0').TrimEnd('0');
        return mantissa.Length == 0 ? "0" : mantissa;
    }

    private static string Positional(string digits, int exponent)
    {
        if (exponent < 0)
        {
            return "0." + new string('0', -exponent - 1) + digits;
        }

        string padded = digits.PadRight(exponent + 2, '0');
        return $"{padded[..(exponent + 1)]}.{padded[(exponent + 1)..]}";
    }

    /// <summary>A string in the quotes and with the escapes of <c>repr</c>.</summary>
    public static string Quote(string text)
    {
        char quote = text.Contains('\'', StringComparison.Ordinal) && !text.Contains('"', StringComparison.Ordinal) ? '"' : '\'';
        StringBuilder quoted = new();
        quoted.Append(quote);
        foreach (Rune rune in text.EnumerateRunes())
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

    /// <summary>What a string literal between its quotes stands for; an escape that is none stays as it is.</summary>
    public static string Unescape(string literal)
    {
        StringBuilder text = new(literal.Length);
        for (int at = 0; at < literal.Length;)
        {
            if (literal[at] != '\\' || at + 1 == literal.Length)
            {
                text.Append(literal[at++]);
                continue;
            }

            at = Unescape(literal, at, text);
        }

        return text.ToString();
    }

    /// <summary>Appends one escape, and gives the place after it.</summary>
    private static int Unescape(string literal, int at, StringBuilder text)
    {
        const string Letters = "abfnrtv\\'\"", Meanings = "\a\b\f\n\r\t\v\\'\"";
        char kind = literal[at + 1];
        int simple = Letters.IndexOf(kind, StringComparison.Ordinal);
        if (simple >= 0)
        {
            text.Append(Meanings[simple]);
            return at + 2;
        }

        int digits = kind switch { 'x' => 2, 'u' => 4, 'U' => 8, _ => 0 };
        if (kind == '\n')
        {
            return at + 2;
        }

        if (kind is >= '0' and <= '7')
        {
            return Octal(literal, at + 1, text);
        }

        if (digits == 0)
        {
            text.Append('\\').Append(kind);
            return at + 2;
        }

        bool valid = at + 2 + digits <= literal.Length
            && int.TryParse(literal.AsSpan(at + 2, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int code) && AppendCode(code, text);
        return valid ? at + 2 + digits : throw new TemplateException($"a string has the escape {MessageText.Quote($"\\{kind}")} without {digits} digits of a character");
    }

    private static int Octal(string literal, int at, StringBuilder text)
    {
        int end = at, value = 0;
        while (end < literal.Length && end < at + 3 && literal[end] is >= '0' and <= '7')
        {
            value = (value * 8) + (literal[end++] - '0');
        }

        text.Append((char)value);
        return end;
    }

    /// <summary>Halves of surrogate pairs are taken too: two escapes may make one character.</summary>
    private static bool AppendCode(int code, StringBuilder text)
    {
        if (code is < 0 or > 0x10FFFF)
        {
            return false;
        }

        text.Append(code < 0x10000 ? ((char)code).ToString() : char.ConvertFromUtf32(code));
        return true;
    }
}
