namespace LoRi.Jinja;

/// <summary>Filters of lists and mappings.</summary>
internal static class TemplateListFilters
{
    /// <summary>The filters by name.</summary>
    public static readonly Dictionary<string,
        Func<TemplateContext, object?, TemplateArguments, object?>> Known = new(StringComparer.Ordinal)
        {
            ["dictsort"] = SortMap,
            ["first"] = (context, value, _) =>
                TemplateValues.Elements(context, value) is [var first, ..] ? first : new Undefined("the first of no elements"),
            ["items"] = (context, value, _) => value is Undefined ? new TemplateList([]) : Pairs(context, AsMap("items", value)),
            ["join"] = Join,
            ["last"] = (context, value, _) =>
                TemplateValues.Elements(context, value) is [.., var last] ? last : new Undefined("the last of no elements"),
            ["list"] = (context, value, _) => new TemplateList(TemplateValues.Elements(context, value)),
            ["map"] = Map,
            ["max"] = (context, value, arguments) => Extreme(context, value, arguments.Bind("max", "case_sensitive", "attribute"), 1),
            ["min"] = (context, value, arguments) => Extreme(context, value, arguments.Bind("min", "case_sensitive", "attribute"), -1),
            ["reject"] = (context, value, arguments) => Select(context, value, arguments, wanted: false),
            ["rejectattr"] = (context, value, arguments) => SelectByAttribute(context, value, arguments, wanted: false),
            ["reverse"] = Reverse,
            ["select"] = (context, value, arguments) => Select(context, value, arguments, wanted: true),
            ["selectattr"] = (context, value, arguments) => SelectByAttribute(context, value, arguments, wanted: true),
            ["sort"] = Sort,
            ["sum"] = Sum,
            ["unique"] = Unique,
        };

    /// <summary>Keys and values as a list of tuples.</summary>
    public static TemplateList Pairs(TemplateContext context, TemplateMap map)
    {
        context.SpendItems(2L * map.Entries.Count);
        return new TemplateList([.. map.Entries.Select(entry => new TemplateList([entry.Key, entry.Value], IsTuple: true))]);
    }

    private static TemplateMap AsMap(string filter, object? value) =>
        value as TemplateMap ?? throw new TemplateException($"{filter} needs a mapping, not {TemplateValues.TypeName(value)}");

    private static TemplateList List(TemplateContext context, IEnumerable<object?> items)
    {
        object?[] list = [.. items];
        context.SpendItems(list.Length);
        return new TemplateList(list);
    }

    /// <summary>What a dotted name or a number leads to from an element.</summary>
    private static object? Follow(TemplateContext context, object? element, object? attribute)
    {
        if (attribute is not string path)
        {
            return attribute is null ? element : TemplateAccess.Item(context, element, attribute);
        }

        context.Spend(1 + path.Length);
        return path.Split('.').Aggregate(element, (found, name) =>
            TemplateAccess.Item(context, found, long.TryParse(name, out var index) && index >= 0 ? index : name));
    }

    /// <summary>Texts without regard to case, where that is wanted.</summary>
    private static object? Folded(TemplateContext context, object? value, bool caseSensitive)
    {
        if (caseSensitive || value is not string text)
        {
            return value;
        }

        context.Spend(text.Length);
        return text.ToLowerInvariant();
    }

    private static object? Join(TemplateContext context, object? value, TemplateArguments arguments)
    {
        var bound = arguments.Bind("join", "d", "attribute");
        var between = TemplateText.Of(context, bound.Or("d", ""));
        var attribute = bound.Or("attribute", null);
        var texts = TemplateValues.Elements(context, value).Select(element =>
        {
            var text = TemplateText.Of(context, Follow(context, element, attribute));
            context.Spend(text.Length + (long)between.Length);
            return text;
        });
        return string.Join(between, texts);
    }

    private static object? Map(TemplateContext context, object? value, TemplateArguments arguments)
    {
        var elements = TemplateValues.Elements(context, value);
        if (arguments.Positional.Count > 0)
        {
            var filter = arguments.Positional[0] as string ?? throw new TemplateException("map needs the name of a filter");
            return List(context, elements.Select(element => TemplateFilters.Apply(context, filter, element, arguments.Rest())));
        }

        var bound = arguments.Bind("map", "attribute", "default");
        var attribute = bound.Required("attribute");
        return List(
            context, elements.Select(
                element => Follow(context, element, attribute) is var found && found is Undefined ? bound.Or("default", found) : found));
    }

    private static object? Select(TemplateContext context, object? value, TemplateArguments arguments, bool wanted) =>
        List(context, TemplateValues.Elements(context, value).Where(element => Passes(context, element, arguments) == wanted));

    private static object? SelectByAttribute(TemplateContext context, object? value, TemplateArguments arguments, bool wanted)
    {
        var attribute = arguments.Positional.Count > 0
            ? arguments.Positional[0]
            : throw new TemplateException("selectattr and rejectattr need an attribute");
        var test = arguments.Rest();
        return List(context,
            TemplateValues.Elements(context, value).Where(element => Passes(context, Follow(context, element, attribute), test) == wanted));
    }

    private static bool Passes(TemplateContext context, object? value, TemplateArguments test)
    {
        if (test.Positional.Count == 0)
        {
            return TemplateValues.IsTrue(value);
        }

        var name = test.Positional[0] as string ?? throw new TemplateException("a test's name must be a text");
        return TemplateChecks.Holds(context, name, value, test.Rest());
    }

    private static object? Reverse(TemplateContext context, object? value, TemplateArguments arguments) => value is string text
        ? TemplateAccess.Slice(context, text, null, null, -1)
        : List(context, TemplateValues.Elements(context, value).Reverse());

    /// <summary>Elements in the order of keys; those with equal keys stay as they were.</summary>
    private static IEnumerable<T> Ordered<T>(TemplateContext context, IEnumerable<T> elements, Func<T, object?> key, bool reverse)
    {
        var order = Comparer<object?>.Create((one, other) => TemplateValues.Compare(context, one, other));
        try
        {
            return reverse ? [.. elements.OrderByDescending(key, order)] : [.. elements.OrderBy(key, order)];
        }
        catch (InvalidOperationException e) when (e.InnerException is TemplateException inner)
        {
            throw inner;
        }
    }

    private static object? Sort(TemplateContext context, object? value, TemplateArguments arguments)
    {
        var bound = arguments.Bind("sort", "reverse", "case_sensitive", "attribute");
        var caseSensitive = bound.Flag("case_sensitive", false);
        object?[] attributes = bound.Or("attribute", null) is string names ? names.Split(',') : [bound.Or("attribute", null)];
        object? Key(object? element) =>
            new TemplateList([.. attributes.Select(attribute => Folded(context, Follow(context, element, attribute), caseSensitive))]);
        return List(context, Ordered(context, TemplateValues.Elements(context, value), Key, bound.Flag("reverse", false)));
    }

    private static object? SortMap(TemplateContext context, object? value, TemplateArguments arguments)
    {
        var bound = arguments.Bind("dictsort", "case_sensitive", "by", "reverse");
        bool caseSensitive = bound.Flag("case_sensitive", false), byValue = bound.Text("by") == "value";
        IEnumerable<object?> pairs = Pairs(context, AsMap("dictsort", value)).Items;
        object? Key(object? pair) => Folded(context, ((TemplateList)pair!).Items[byValue ? 1 : 0], caseSensitive);
        return List(context, Ordered(context, pairs, Key, bound.Flag("reverse", false)));
    }

    private static object? Extreme(TemplateContext context, object? value, BoundArguments bound, int sign)
    {
        var caseSensitive = bound.Flag("case_sensitive", false);
        var attribute = bound.Or("attribute", null);
        object? Key(object? element) => Folded(context, Follow(context, element, attribute), caseSensitive);
        var elements = TemplateValues.Elements(context, value);
        return elements.Count == 0
            ? new Undefined("the largest or smallest of no elements")
            : elements.Aggregate((best, next) => TemplateValues.Compare(context, Key(next), Key(best)) * sign > 0 ? next : best);
    }

    private static object? Sum(TemplateContext context, object? value, TemplateArguments arguments)
    {
        var bound = arguments.Bind("sum", "attribute", "start");
        var attribute = bound.Or("attribute", null);
        var sum = TemplateValues.Arithmetic(bound.Or("start", 0L));
        foreach (var element in TemplateValues.Elements(context, value))
        {
            var next = TemplateValues.Arithmetic(Follow(context, element, attribute));
            var before = sum;
            sum = (before, next) is (long a, long b)
                ? ArithmeticExpression.Checked(() => checked(a + b))
                : (object)(TemplateValues.AsDouble(before) + TemplateValues.AsDouble(next));
        }

        return sum;
    }

    private static object? Unique(TemplateContext context, object? value, TemplateArguments arguments)
    {
        var bound = arguments.Bind("unique", "case_sensitive", "attribute");
        var caseSensitive = bound.Flag("case_sensitive", false);
        var attribute = bound.Or("attribute", null);
        List<object?> keys = [], kept = [];
        foreach (var element in TemplateValues.Elements(context, value))
        {
            var key = Folded(context, Follow(context, element, attribute), caseSensitive);
            if (!keys.Exists(known => TemplateValues.AreEqual(context, known, key)))
            {
                keys.Add(key);
                kept.Add(element);
            }
        }

        return List(context, kept);
    }
}
