using System.Globalization;
using System.Text;
using LoRi.Files.Text;

namespace LoRi.Jinja;

/// <summary>The escapes of Python's string literals.</summary>
internal static class StringEscapes
{
    /// <summary>What a string literal between its quotes stands for; an escape that is none stays as it is.</summary>
    public static string Unescape(string literal)
    {
        StringBuilder text = new(literal.Length);
        for (var at = 0; at < literal.Length;)
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
        var kind = literal[at + 1];
        var simple = Letters.IndexOf(kind, StringComparison.Ordinal);
        if (simple >= 0)
        {
            text.Append(Meanings[simple]);
            return at + 2;
        }

        var digits = kind switch { 'x' => 2, 'u' => 4, 'U' => 8, _ => 0 };
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

        var valid = at + 2 + digits <= literal.Length
            && int.TryParse(literal.AsSpan(at + 2, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code)
            && AppendCode(code, text);
        return valid
            ? at + 2 + digits
            : throw new TemplateException(
                $"a string has the escape {MessageText.Quote($"\\{kind}")} without {digits} digits of a character");
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
