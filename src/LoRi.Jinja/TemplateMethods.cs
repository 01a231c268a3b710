using LoRi.Files.Text;

namespace LoRi.Jinja;

/// <summary>The methods of texts, mappings and lists that change nothing.</summary>
internal static class TemplateMethods
{
    private const long WidestText = 100_000;

    private delegate object? TextMethod(TemplateContext context, string text, TemplateArguments arguments);

    private static readonly Dictionary<string, TextMethod> OfTexts = new(StringComparer.Ordinal)
    {
        ["capitalize"] = (_, text, _) => PythonText.Title(text, everyWord: false),
        ["casefold"] = (_, text, _) => text.ToLowerInvariant(),
        ["center"] = (context, text, arguments) => Pad(context, text, arguments.Bind("center", "width", "fillchar"), 1, 1),
        ["count"] = Count,
        ["endswith"] = (context, text, arguments) => AnyAffix(context, arguments.Bind("endswith", "suffix"), "suffix", text.EndsWith),
        ["find"] = (context, text, arguments) => Find(context, text, arguments, last: false),
        ["format"] = (context, text, arguments) => TemplateFormat.FormatBraces(context, text, arguments),
        ["index"] = (context, text, arguments) => Find(context, text, arguments, last: false) is >= 0 and long at
            ? at
            : throw new TemplateException("the text does not have the part that index looks for"),
        ["isalnum"] = (_, text, _) => text.Length > 0 && text.All(char.IsLetterOrDigit),
        ["isalpha"] = (_, text, _) => text.Length > 0 && text.All(char.IsLetter),
        ["isdecimal"] = (_, text, _) => text.Length > 0 && text.All(char.IsDigit),
        ["isdigit"] = (_, text, _) => text.Length > 0 && text.All(char.IsDigit),
        ["islower"] = (_, text, _) => HasCase(text, upper: false),
        ["isnumeric"] = (_, text, _) => text.Length > 0 && text.All(char.IsNumber),
        ["isspace"] = (_, text, _) => text.Length > 0 && text.All(PythonText.IsSpace),
        ["isupper"] = (_, text, _) => HasCase(text, upper: true),
        ["join"] = (context, text, arguments) =>
            Join(context, text, TemplateValues.Elements(context, arguments.Bind("join", "iterable").Required("iterable"))),
        ["ljust"] = (context, text, arguments) => Pad(context, text, arguments.Bind("ljust", "width", "fillchar"), 0, 1),
        ["lower"] = (_, text, _) => text.ToLowerInvariant(),
        ["lstrip"] = (context, text, arguments) =>
            Strip(context, text, arguments.Bind("lstrip", "chars").Text("chars"), left: true, right: false),
        ["partition"] = (context, text, arguments) => Partition(context, text, arguments, last: false),
        ["removeprefix"] = (_, text, arguments) =>
            arguments.Bind("removeprefix", "prefix").RequiredText("prefix") is var prefix
                && text.StartsWith(prefix, StringComparison.Ordinal) ? text[prefix.Length..] : text,
        ["removesuffix"] = (_, text, arguments) =>
            arguments.Bind("removesuffix", "suffix").RequiredText("suffix") is var suffix && text.EndsWith(suffix, StringComparison.Ordinal)
                ? text[..^suffix.Length]
                : text,
        ["replace"] = Replace,
        ["rfind"] = (context, text, arguments) => Find(context, text, arguments, last: true),
        ["rjust"] = (context, text, arguments) => Pad(context, text, arguments.Bind("rjust", "width", "fillchar"), 1, 0),
        ["rpartition"] = (context, text, arguments) => Partition(context, text, arguments, last: true),
        ["rsplit"] = (context, text, arguments) =>
            TemplateSplit.Split(context, text, arguments.Bind("rsplit", "sep", "maxsplit"), fromRight: true),
        ["rstrip"] = (context, text, arguments) =>
            Strip(context, text, arguments.Bind("rstrip", "chars").Text("chars"), left: false, right: true),
        ["split"] = (context, text, arguments) =>
            TemplateSplit.Split(context, text, arguments.Bind("split", "sep", "maxsplit"), fromRight: false),
        ["splitlines"] = (context, text, arguments) =>
            TemplateSplit.Lines(context, text, arguments.Bind("splitlines", "keepends").Flag("keepends", false)),
        ["startswith"] = (context, text, arguments) => AnyAffix(context, arguments.Bind("startswith", "prefix"), "prefix", text.StartsWith),
        ["strip"] = (context, text, arguments) =>
            Strip(context, text, arguments.Bind("strip", "chars").Text("chars"), left: true, right: true),
        ["swapcase"] =
            (_, text, _) => string.Concat(text.Select(c => char.IsUpper(c) ? char.ToLowerInvariant(c) : char.ToUpperInvariant(c))),
        ["title"] = (_, text, _) => PythonText.Title(text, everyWord: true),
        ["upper"] = (_, text, _) => text.ToUpperInvariant(),
        ["zfill"] = (context, text, arguments) => ZeroFill(context, text, arguments.Bind("zfill", "width").Whole("width", 0)),
    };

    /// <summary>A text without characters at its ends; each is looked for among those that go.</summary>
    public static string Strip(TemplateContext context, string text, string? chars, bool left, bool right)
    {
        context.SpendSearch(text, chars ?? "");
        return PythonText.Strip(text, chars, left, right);
    }

    /// <summary>The method of a name, or null.</summary>
    public static TemplateFunction? Find(object? value, string name) => value switch
    {
        string text when OfTexts.TryGetValue(name, out var method) => new TemplateFunction(name, (context, arguments) =>
        {
            context.Spend(text.Length);
            return method(context, text, arguments);
        }),
        TemplateMap map => OfMap(map, name),
        TemplateList list => OfList(list, name),
        _ => null,
    };

    private static TemplateFunction? OfMap(TemplateMap map, string name) => name switch
    {
        "get" => new(
            name, (_, arguments) =>
                arguments.Bind(name, "key", "default") is var bound && map.TryGet(bound.Required("key"), out var value)
                    ? value
                    : bound.Or("default", null)),
        "items" => new(name, (context, _) => TemplateListFilters.Pairs(context, map)),
        "keys" => new(name, (context, _) => new TemplateList(TemplateValues.Elements(context, map))),
        "values" => new(name, (context, _) => Copy(context, map.Entries.Values)),
        "copy" => new(name, (_, _) => map),
        _ => null,
    };

    private static TemplateFunction? OfList(TemplateList list, string name) => name switch
    {
        "count" => new(name, (context, arguments) =>
            arguments.Bind(name, "value").Required("value") is var wanted
                ? (long)list.Items.Count(item => TemplateValues.AreEqual(context, item, wanted))
                : 0),
        "index" => new(name, (context, arguments) => IndexOf(context, list, arguments.Bind(name, "value").Required("value"))),
        "copy" => new(name, (_, _) => list),
        "append" or "extend" or "insert" or "pop" or "remove" or "clear" or "sort" or "reverse" => new(name, (_, _) =>
            throw new TemplateException($"a list's {name} would change it, which templates must not; use + or a namespace")),
        _ => null,
    };

    private static TemplateList Copy(TemplateContext context, IEnumerable<object?> values)
    {
        object?[] copied = [.. values];
        context.SpendItems(copied.Length);
        return new TemplateList(copied);
    }

    private static object? IndexOf(TemplateContext context, TemplateList list, object? wanted)
    {
        for (var i = 0; i < list.Items.Count; i++)
        {
            if (TemplateValues.AreEqual(context, list.Items[i], wanted))
            {
                return (long)i;
            }
        }

        throw new TemplateException("the list does not have the element that index looks for");
    }

    /// <summary>Whether a text has letters with a case, all of them the wanted one.</summary>
    public static bool HasCase(string text, bool upper) =>
        text.Any(upper ? char.IsUpper : char.IsLower) && !text.Any(upper ? char.IsLower : char.IsUpper);

    /// <summary>Replaces a part of a text wherever it is, or as often as asked.</summary>
    public static object? Replace(TemplateContext context, string text, TemplateArguments arguments)
    {
        var bound = arguments.Bind("replace", "old", "new", "count");
        string old = TemplateText.Of(context, bound.Required("old")), replacement = TemplateText.Of(context, bound.Required("new"));
        var left = bound.Whole("count", -1);
        context.SpendSearch(text, old);
        System.Text.StringBuilder replaced = new();
        var done = 0;
        for (var at = Next(0); at >= 0 && left != 0; at = Next(old.Length > 0 ? done : done + 1), left--)
        {
            context.Spend((at - done) + (long)replacement.Length);
            replaced.Append(text, done, at - done).Append(replacement);
            done = at + old.Length;
        }

        return replaced.Append(text, done, text.Length - done).ToString();

        int Next(int from) => from > text.Length ? -1 : text.IndexOf(old, from, StringComparison.Ordinal);
    }

    private static object? Count(TemplateContext context, string text, TemplateArguments arguments)
    {
        var part = arguments.Bind("count", "sub").RequiredText("sub");
        context.SpendSearch(text, part);
        return part.Length == 0
            ? PythonText.Length(text) + 1L
            : (text.Length - (long)text.Replace(part, "", StringComparison.Ordinal).Length) / part.Length;
    }

    private static long Find(TemplateContext context, string text, TemplateArguments arguments, bool last)
    {
        var part = arguments.Bind("find", "sub").RequiredText("sub");
        context.SpendSearch(text, part);
        var at = last ? text.LastIndexOf(part, StringComparison.Ordinal) : text.IndexOf(part, StringComparison.Ordinal);
        return at < 0 ? -1 : PythonText.Length(text[..at]);
    }

    private static object? AnyAffix(
        TemplateContext context, BoundArguments bound, string parameter, Func<string, StringComparison, bool> has)
    {
        if (bound.Required(parameter) is not TemplateList choices)
        {
            return has(bound.RequiredText(parameter), StringComparison.Ordinal);
        }

        context.SpendItems(choices.Items.Count);
        return choices.Items.Any(choice => choice is string affix && has(affix, StringComparison.Ordinal));
    }

    private static object? Partition(TemplateContext context, string text, TemplateArguments arguments, bool last)
    {
        var part = arguments.Bind("partition", "sep").RequiredText("sep");
        context.SpendSearch(text, part);
        var at = part.Length == 0 ? throw new TemplateException("a text cannot be parted at nothing")
            : last ? text.LastIndexOf(part, StringComparison.Ordinal) : text.IndexOf(part, StringComparison.Ordinal);
        string[] parts = at >= 0 ? [text[..at], part, text[(at + part.Length)..]] : last ? ["", "", text] : [text, "", ""];
        return new TemplateList(parts, IsTuple: true);
    }

    private static string Join(TemplateContext context, string between, IReadOnlyList<object?> items) =>
        string.Join(between, items.Select(item =>
    {
        var text = item as string ?? throw new TemplateException($"join needs texts, not {TemplateValues.TypeName(item)}");
        context.Spend(text.Length + (long)between.Length);
        return text;
    }));

    private static object? Pad(TemplateContext context, string text, BoundArguments bound, int left, int right)
    {
        var fill = bound.Text("fillchar") ?? " ";
        var missing = System.Math.Min(bound.Whole("width", 0), WidestText) - PythonText.Length(text);
        if (fill.Length != 1)
        {
            throw new TemplateException("the filling must be one character");
        }

        if (missing <= 0)
        {
            return text;
        }

        context.Spend(missing);
        var before = (int)(missing * left / (left + right));
        return new string(fill[0], before) + text + new string(fill[0], (int)missing - before);
    }

    private static string ZeroFill(TemplateContext context, string text, long width)
    {
        var missing = (int)System.Math.Clamp(System.Math.Min(width, WidestText) - PythonText.Length(text), 0, WidestText);
        context.Spend(missing);
        var sign = text.StartsWith('-') || text.StartsWith('+') ? 1 : 0;
        return string.Concat(text.AsSpan(0, sign), new string('0', missing), text.AsSpan(sign));
    }
}
