using System.Globalization;
using System.Text;
using LoRi.Files.Text;

namespace LoRi.Jinja;

/// <summary>Values put into a text: <c>%s</c> and its like, <c>{}</c>, and dates.</summary>
internal static class TemplateFormat
{
    /// <summary>What <c>%</c> does to a text: <c>%s %r %d %i %f %x %%</c>, digits after the point for <c>%f</c>.</summary>
    public static string Format(TemplateContext context, string text, IReadOnlyList<object?> values)
    {
        context.Spend(text.Length);
        StringBuilder formatted = new();
        var used = 0;
        for (var at = 0; at < text.Length; at++)
        {
            if (text[at] != '%')
            {
                formatted.Append(text[at]);
                continue;
            }

            var digits = ++at;
            while (at < text.Length && (text[at] == '.' || char.IsAsciiDigit(text[at])))
            {
                at++;
            }

            var kind = at < text.Length ? text[at] : throw new TemplateException("a text ends within a % format");
            var part = kind == '%'
                ? "%"
                : One(context, kind, text[digits..at],
                    used < values.Count ? values[used++] : throw new TemplateException("there are fewer values than % formats"));
            context.Spend(part.Length + 1);
            formatted.Append(part);
        }

        return used == values.Count || values is [TemplateMap]
            ? formatted.ToString()
            : throw new TemplateException("there are more values than % formats");
    }

    private static string One(TemplateContext context, char kind, string digits, object? value)
    {
        if (kind is 'f'
            && (digits.Length == 0
                || (digits[0] == '.' && int.TryParse(digits.AsSpan(1), CultureInfo.InvariantCulture, out var after)
                    && after is >= 0 and <= 30)))
        {
            var places = digits.Length == 0 ? "6" : digits[1..];
            return TemplateValues.AsDouble(value).ToString("F" + places, CultureInfo.InvariantCulture);
        }

        return (kind, digits) switch
        {
            ('s', "") => TemplateText.Of(context, value),
            ('r', "") => value is string text ? PythonText.Quote(text) : TemplateText.Of(context, value),
            ('d' or 'i', "") => ((long)TemplateValues.AsDouble(value)).ToString(CultureInfo.InvariantCulture),
            ('x', "") => TemplateValues.AsWhole(value).ToString("x", CultureInfo.InvariantCulture),
            _ => throw new TemplateException($"the format {MessageText.Quote($"%{digits}{kind}")} is not supported"),
        };
    }

    /// <summary>What a text's <c>format</c> does: <c>{}</c>, <c>{0}</c>, <c>{name}</c> and doubled braces.</summary>
    public static string FormatBraces(TemplateContext context, string text, TemplateArguments arguments)
    {
        StringBuilder formatted = new();
        var next = 0;
        for (var at = 0; at < text.Length; at++)
        {
            var c = text[at];
            if (c is not ('{' or '}') || (at + 1 < text.Length && text[at + 1] == c))
            {
                formatted.Append(c);
                at += c is '{' or '}' ? 1 : 0;
                continue;
            }

            var end = c == '{' ? text.IndexOf('}', at) : -1;
            var name = end < 0 ? throw new TemplateException("format finds a brace without its partner") : text[(at + 1)..end];
            var part =
                TemplateText.Of(context, Field(name.Length == 0 ? (next++).ToString(CultureInfo.InvariantCulture) : name, arguments));
            context.Spend(part.Length + 1);
            formatted.Append(part);
            at = end;
        }

        return formatted.ToString();
    }

    private static object? Field(string name, TemplateArguments arguments)
    {
        if (int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var index) && index < arguments.Positional.Count)
        {
            return arguments.Positional[index];
        }

        return arguments.Named.TryGetValue(name, out var value)
            ? value
            : throw new TemplateException($"format has no value for {MessageText.Quote($"{{{name}}}")}");
    }

    /// <summary>A moment as C's <c>strftime</c> writes it, in English.</summary>
    public static string Date(TemplateContext context, DateTimeOffset moment, string format)
    {
        StringBuilder text = new();
        for (var at = 0; at < format.Length; at++)
        {
            if (format[at] != '%' || at + 1 == format.Length)
            {
                text.Append(format[at]);
                continue;
            }

            var bare = format[at + 1] == '-' && at + 2 < format.Length;
            at += bare ? 2 : 1;
            var part = DatePart(moment, format[at]);
            text.Append(bare && part.Length > 1 ? part.TrimStart('0') is { Length: > 0 } trimmed ? trimmed : "0" : part);
        }

        context.Spend(text.Length);
        return text.ToString();
    }

    private static string DatePart(DateTimeOffset moment, char kind)
    {
        var pattern = kind switch
        {
            'a' => "ddd",
            'A' => "dddd",
            'b' or 'h' => "MMM",
            'B' => "MMMM",
            'd' => "dd",
            'D' or 'x' => "MM/dd/yy",
            'F' => "yyyy-MM-dd",
            'H' => "HH",
            'I' => "hh",
            'm' => "MM",
            'M' => "mm",
            'p' => "tt",
            'S' => "ss",
            'T' or 'X' => "HH:mm:ss",
            'y' => "yy",
            'Y' => "yyyy",
            'f' => "ffffff",
            'R' => "HH:mm",
            _ => null,
        };
        return pattern is not null ? moment.ToString(pattern, CultureInfo.InvariantCulture) : kind switch
        {
            '%' => "%",
            'c' => string.Create(CultureInfo.InvariantCulture, $"{moment:ddd MMM} {moment.Day,2} {moment:HH:mm:ss yyyy}"),
            'e' => moment.Day.ToString(CultureInfo.InvariantCulture).PadLeft(2),
            'j' => moment.DayOfYear.ToString("000", CultureInfo.InvariantCulture),
            'n' => "\n",
            't' => "\t",
            'u' => (moment.DayOfWeek == DayOfWeek.Sunday ? 7 : (int)moment.DayOfWeek).ToString(CultureInfo.InvariantCulture),
            'w' => ((int)moment.DayOfWeek).ToString(CultureInfo.InvariantCulture),
            'z' or 'Z' => "",
            _ => throw new TemplateException($"strftime_now does not know {MessageText.Quote($"%{kind}")}"),
        };
    }
}
