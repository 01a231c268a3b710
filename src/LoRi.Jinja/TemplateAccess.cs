using LoRi.Files.Text;

namespace LoRi.Jinja;

/// <summary>Parts of values: attributes, elements and slices.</summary>
internal static class TemplateAccess
{
    /// <summary><c>value.name</c>: a method or attribute, else the element of that name, else undefined.</summary>
    public static object? Attribute(TemplateContext context, object? value, string name)
    {
        if (value is Undefined)
        {
            throw new TemplateException($"{TemplateValues.TypeName(value)} has no {MessageText.Quote(name)}");
        }

        return Own(value, name, out var own) ? own : TryItem(context, value, name, out var item) ? item : new Undefined(name);
    }

    /// <summary><c>value[key]</c>: the element under the key, else the method or attribute of that name, else undefined.</summary>
    public static object? Item(TemplateContext context, object? value, object? key)
    {
        if (value is Undefined)
        {
            throw new TemplateException($"{TemplateValues.TypeName(value)} has no elements");
        }

        if (TryItem(context, value, key, out var item))
        {
            return item;
        }

        return key is string name && Own(value, name, out var own) ? own : new Undefined(TemplateText.Of(context, key));
    }

    private static bool Own(object? value, string name, out object? own)
    {
        if (value is IAttributes attributes)
        {
            return attributes.TryGet(name, out own);
        }

        own = TemplateMethods.Find(value, name);
        return own is not null;
    }

    private static bool TryItem(TemplateContext context, object? value, object? key, out object? item)
    {
        item = null;
        switch (value)
        {
            case TemplateMap map:
                context.Spend((key as string)?.Length ?? 1);
                return key is string or long or double or bool && map.TryGet(key, out item);
            case TemplateList list when TemplateValues.Arithmetic(key) is long at:
                at += at < 0 ? list.Items.Count : 0;
                var inside = at >= 0 && at < list.Items.Count;
                item = inside ? list.Items[(int)at] : null;
                return inside;
            case string text when TemplateValues.Arithmetic(key) is long at:
                context.Spend(PythonText.IsPlain(text) ? 1 : text.Length);
                item = Character(text, at);
                return item is not null;
            default:
                return false;
        }
    }

    private static string? Character(string text, long at)
    {
        var length = PythonText.Length(text);
        at += at < 0 ? length : 0;
        if (at < 0 || at >= length)
        {
            return null;
        }

        return length == text.Length ? text[(int)at].ToString() : PythonText.Characters(text).ElementAt((int)at);
    }

    /// <summary>
    /// <c>value[start:stop:step]</c> of a text or list, with Python's rules for bounds that are left out, negative or too large.
    /// </summary>
    public static object Slice(TemplateContext context, object? value, long? start, long? stop, long? step)
    {
        var items = value is string or TemplateList
            ? TemplateValues.Elements(context, value)
            : throw new TemplateException($"{TemplateValues.TypeName(value)} cannot be sliced");
        var by = step ?? 1;
        if (by == 0)
        {
            throw new TemplateException("a slice cannot have the step 0");
        }

        long low = by > 0 ? 0 : -1, high = by > 0 ? items.Count : items.Count - 1;
        long Bound(long? bound, long otherwise) =>
            bound is long given ? System.Math.Clamp(given < 0 ? given + items.Count : given, low, high) : otherwise;
        long from = Bound(start, by > 0 ? low : high), to = Bound(stop, by > 0 ? high : low);
        List<object?> taken = [];
        for (var at = from; by > 0 ? at < to : at > to; at += System.Math.Clamp(by, -items.Count - 1, items.Count + 1))
        {
            taken.Add(items[(int)at]);
        }

        context.SpendItems(taken.Count);
        return value is TemplateList list ? list with { Items = taken } : string.Concat(taken.Cast<string>());
    }
}
