using System.Globalization;
using System.Text;
using LoRi.Files.Text;

namespace LoRi.Jinja;

/// <summary>Values as text: as a template writes them, and as JSON.</summary>
internal static class TemplateText
{
    /// <summary>The text of a value; undefined is empty.</summary>
    public static string Of(TemplateContext context, object? value)
    {
        if (value is string or Undefined)
        {
            return value as string ?? "";
        }

        StringBuilder text = new();
        Append(context, text, value, 0);
        return text.ToString();
    }

    private static void Append(TemplateContext context, StringBuilder text, object? value, int depth)
    {
        TemplateContext.CheckNesting(depth);
        context.Spend(1 + ((value as string)?.Length ?? 0));
        switch (value)
        {
            case string inner:
                text.Append(PythonText.Quote(inner));
                break;
            case TemplateList list:
                AppendAll(context, text, list.IsTuple ? "()" : "[]", list.Items, item => Append(context, text, item, depth + 1));
                text.Insert(text.Length - 1, list is { IsTuple: true, Items.Count: 1 } ? "," : "");
                break;
            case TemplateMap map:
                AppendAll(context, text, "{}", map.Entries, entry =>
                {
                    Append(context, text, entry.Key, depth + 1);
                    text.Append(": ");
                    Append(context, text, entry.Value, depth + 1);
                });
                break;
            default:
                text.Append(Scalar(value));
                break;
        }
    }

    private static void AppendAll<T>(TemplateContext context, StringBuilder text, string brackets, IEnumerable<T> items, Action<T> append)
    {
        text.Append(brackets[0]);
        var first = true;
        foreach (var item in items)
        {
            text.Append(first ? "" : ", ");
            first = false;
            append(item);
        }

        text.Append(brackets[1]);
    }

    private static string Scalar(object? value) => value switch
    {
        null => "None",
        true => "True",
        false => "False",
        long whole => whole.ToString(CultureInfo.InvariantCulture),
        double real => PythonText.Write(real),
        Undefined => "Undefined",
        TemplateFunction function => $"<function {function.Name}>",
        _ => "<object>",
    };

    /// <summary>How JSON is laid out.</summary>
    /// <param name="Ascii">Whether characters outside ASCII are escaped.</param>
    /// <param name="Indent">What every level begins with; null for one line.</param>
    /// <param name="Between">What stands between elements.</param>
    /// <param name="AfterKey">What stands between a key and its value.</param>
    /// <param name="Sorted">Whether keys are in order.</param>
    public sealed record JsonLayout(bool Ascii, string? Indent, string Between, string AfterKey, bool Sorted);

    /// <summary>A value as Python's <c>json.dumps</c> writes it.</summary>
    public static string Json(TemplateContext context, object? value, JsonLayout layout)
    {
        StringBuilder text = new();
        AppendJson(context, text, value, layout, 0);
        return text.ToString();
    }

    private static void AppendJson(TemplateContext context, StringBuilder text, object? value, JsonLayout layout, int depth)
    {
        TemplateContext.CheckNesting(depth);
        context.Spend(1 + ((value as string)?.Length ?? 0));
        switch (value)
        {
            case string inner:
                AppendJsonText(text, inner, layout.Ascii);
                break;
            case TemplateList list:
                AppendJsonItems(context, text, "[]", list.Items, layout, depth, item => AppendJson(context, text, item, layout, depth + 1));
                break;
            case TemplateMap map:
                IEnumerable<KeyValuePair<object, object?>> entries = layout.Sorted ? Sorted(context, map) : map.Entries;
                AppendJsonItems(context, text, "{}", entries, layout, depth, entry =>
                {
                    context.Spend(layout.AfterKey.Length + ((entry.Key as string)?.Length ?? 1L));
                    AppendJsonText(text, entry.Key as string ?? JsonScalar(entry.Key), layout.Ascii);
                    text.Append(layout.AfterKey);
                    AppendJson(context, text, entry.Value, layout, depth + 1);
                });
                break;
            default:
                text.Append(JsonScalar(value));
                break;
        }
    }

    private static KeyValuePair<object, object?>[] Sorted(TemplateContext context, TemplateMap map)
    {
        context.SpendItems(map.Entries.Count);
        try
        {
            return [.. map.Entries.OrderBy(entry => entry.Key, Comparer<object>.Create((a, b) => TemplateValues.Compare(context, a, b)))];
        }
        catch (InvalidOperationException e) when (e.InnerException is TemplateException inner)
        {
            throw inner;
        }
    }

    private static void AppendJsonItems<T>(
        TemplateContext context, StringBuilder text, string brackets, IEnumerable<T> items, JsonLayout layout, int depth, Action<T> append)
    {
        text.Append(brackets[0]);
        var any = false;
        foreach (var item in items)
        {
            context.Spend(layout.Between.Length);
            text.Append(any ? layout.Between : "");
            any = true;
            AppendLine(context, text, layout, depth + 1);
            append(item);
        }

        if (any)
        {
            AppendLine(context, text, layout, depth);
        }

        text.Append(brackets[1]);
    }

    private static void AppendLine(TemplateContext context, StringBuilder text, JsonLayout layout, int depth)
    {
        if (layout.Indent is string indent)
        {
            context.Spend(1 + ((long)indent.Length * depth));
            text.Append('\n').Insert(text.Length, indent, depth);
        }
    }

    private static string JsonScalar(object? value) => value switch
    {
        null => "null",
        true => "true",
        false => "false",
        long whole => whole.ToString(CultureInfo.InvariantCulture),
        double real =>
            double.IsNaN(real) ? "NaN" : double.IsInfinity(real) ? (real > 0 ? "Infinity" : "-Infinity") : PythonText.Write(real),
        _ => throw new TemplateException($"{TemplateValues.TypeName(value)} cannot be written as JSON"),
    };

    private static void AppendJsonText(StringBuilder text, string value, bool ascii)
    {
        text.Append('"');
        foreach (var c in value)
        {
            _ = c switch
            {
                '"' => text.Append("\\\""),
                '\\' => text.Append("\\\\"),
                '\n' => text.Append("\\n"),
                '\r' => text.Append("\\r"),
                '\t' => text.Append("\\t"),
                '\b' => text.Append("\\b"),
                '\f' => text.Append("\\f"),
                _ when c < ' ' || (ascii && c > '~') => text.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => text.Append(c),
            };
        }

        text.Append('"');
    }
}
