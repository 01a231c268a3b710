using LoRi.Files.Text;

namespace LoRi.Jinja;

/// <summary>Cuts texts into lists.</summary>
internal static class TemplateSplit
{
    /// <summary>Cuts at a separator, or at white space where none is given, a number of times at most.</summary>
    public static object Split(TemplateContext context, string text, BoundArguments bound, bool fromRight)
    {
        var separator = bound.Text("sep");
        var times = bound.Whole("maxsplit", -1);
        if (separator is { Length: 0 })
        {
            throw new TemplateException("a text cannot be split at nothing");
        }

        context.SpendSearch(text, separator ?? " ");
        var parts = separator is null
            ? fromRight ? SpacesFromRight(text, times) : Spaces(text, times)
            : fromRight ? FromRight(text, separator, times) : FromLeft(text, separator, times);
        context.SpendItems(parts.Count);
        return new TemplateList(parts);
    }

    private static List<object?> FromLeft(string text, string separator, long times)
    {
        List<object?> parts = [];
        var done = 0;
        for (var at = text.IndexOf(separator, StringComparison.Ordinal); at >= 0 && times != 0;
            at = text.IndexOf(separator, done, StringComparison.Ordinal), times--)
        {
            parts.Add(text[done..at]);
            done = at + separator.Length;
        }

        parts.Add(text[done..]);
        return parts;
    }

    private static List<object?> FromRight(string text, string separator, long times)
    {
        List<object?> parts = [];
        var end = text.Length;
        for (var at = Last(end); at >= 0 && times != 0; at = Last(end), times--)
        {
            parts.Add(text[(at + separator.Length)..end]);
            end = at;
        }

        parts.Add(text[..end]);
        parts.Reverse();
        return parts;

        int Last(int before) => text.AsSpan(0, before).LastIndexOf(separator, StringComparison.Ordinal);
    }

    private static List<object?> Spaces(string text, long times)
    {
        List<object?> parts = [];
        for (var at = PythonText.SkipSpace(text, 0); at < text.Length; at = PythonText.SkipSpace(text, at), times--)
        {
            var end = at;
            while (end < text.Length && (times == 0 || !PythonText.IsSpace(text[end])))
            {
                end++;
            }

            parts.Add(text[at..end]);
            at = end;
        }

        return parts;
    }

    private static List<object?> SpacesFromRight(string text, long times)
    {
        List<object?> parts = [];
        for (var end = Trimmed(text.Length); end > 0; end = Trimmed(end), times--)
        {
            var start = end;
            while (start > 0 && (times == 0 || !PythonText.IsSpace(text[start - 1])))
            {
                start--;
            }

            parts.Add(text[start..end]);
            end = start;
        }

        parts.Reverse();
        return parts;

        int Trimmed(int end)
        {
            while (end > 0 && PythonText.IsSpace(text[end - 1]))
            {
                end--;
            }

            return end;
        }
    }

    /// <summary>Cuts at line ends.</summary>
    public static object Lines(TemplateContext context, string text, bool keepEnds)
    {
        List<object?> lines = [];
        var start = 0;
        for (var at = 0; at < text.Length; at++)
        {
            if (text[at] is not ('\n' or '\r' or '\v' or '\f' or '\u001C' or '\u001D' or '\u001E' or '\u0085' or '\u2028' or '\u2029'))
            {
                continue;
            }

            var end = at;
            at += text[at] == '\r' && at + 1 < text.Length && text[at + 1] == '\n' ? 1 : 0;
            lines.Add(text[start..(keepEnds ? at + 1 : end)]);
            start = at + 1;
        }

        if (start < text.Length)
        {
            lines.Add(text[start..]);
        }

        context.SpendItems(lines.Count);
        return new TemplateList(lines);
    }
}
