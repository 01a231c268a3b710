namespace LoRi.Jinja;

/// <summary>An expression of a template.</summary>
internal abstract class TemplateExpression
{
    /// <summary>The line that it begins in.</summary>
    public required int Line { get; init; }

    /// <summary>Its value.</summary>
    /// <exception cref="TemplateException">It has none.</exception>
    public object? Evaluate(TemplateContext context)
    {
        context.Enter();
        try
        {
            return Compute(context);
        }
        catch (TemplateException e) when (e.At(Line))
        {
            throw;
        }
        finally
        {
            context.Leave();
        }
    }

    /// <summary>Its value.</summary>
    protected abstract object? Compute(TemplateContext context);
}

/// <summary>A value that is written down.</summary>
internal sealed class LiteralExpression(object? value) : TemplateExpression
{
    /// <inheritdoc/>
    protected override object? Compute(TemplateContext context) => value;
}

/// <summary>A variable.</summary>
internal sealed class NameExpression(string name) : TemplateExpression
{
    /// <summary>The variable's name.</summary>
    public string Name => name;

    /// <inheritdoc/>
    protected override object? Compute(TemplateContext context) => context.Scope.Get(name);
}

/// <summary>A list or tuple.</summary>
internal sealed class ListExpression(IReadOnlyList<TemplateExpression> items, bool isTuple) : TemplateExpression
{
    /// <summary>What its elements are made of.</summary>
    public IReadOnlyList<TemplateExpression> Items => items;

    /// <inheritdoc/>
    protected override object? Compute(TemplateContext context)
    {
        context.SpendItems(items.Count);
        return new TemplateList([.. items.Select(item => item.Evaluate(context))], isTuple);
    }
}

/// <summary>A mapping.</summary>
internal sealed class MapExpression(IReadOnlyList<(TemplateExpression Key, TemplateExpression Value)> entries) : TemplateExpression
{
    /// <inheritdoc/>
    protected override object? Compute(TemplateContext context)
    {
        context.SpendItems(entries.Count);
        TemplateMap map = new();
        foreach ((var key, var value) in entries)
        {
            var name = key.Evaluate(context);
            context.Spend((name as string)?.Length ?? 0);
            map.Set(name, value.Evaluate(context));
        }

        return map;
    }
}

/// <summary><c>a.name</c>: a method or attribute, else the element under that name.</summary>
internal sealed class AttributeExpression(TemplateExpression target, string name) : TemplateExpression
{
    /// <inheritdoc/>
    protected override object? Compute(TemplateContext context) => TemplateAccess.Attribute(context, target.Evaluate(context), name);
}

/// <summary><c>a[key]</c>: the element under a key, else the method or attribute.</summary>
internal sealed class ItemExpression(TemplateExpression target, TemplateExpression key) : TemplateExpression
{
    /// <inheritdoc/>
    protected override object? Compute(TemplateContext context) =>
        TemplateAccess.Item(context, target.Evaluate(context), key.Evaluate(context));
}

/// <summary><c>a[start:stop:step]</c>.</summary>
internal sealed class SliceExpression(
    TemplateExpression target, TemplateExpression? start, TemplateExpression? stop, TemplateExpression? step) : TemplateExpression
{
    /// <inheritdoc/>
    protected override object? Compute(TemplateContext context)
    {
        var whole = target.Evaluate(context);
        return TemplateAccess.Slice(context, whole, Bound(start), Bound(stop), Bound(step));

        long? Bound(TemplateExpression? bound) => bound?.Evaluate(context) is object value ? TemplateValues.AsWhole(value) : null;
    }
}

/// <summary>The arguments of a call, a filter or a test.</summary>
internal sealed class ArgumentList(
    IReadOnlyList<TemplateExpression> positional,
    IReadOnlyList<(string Name, TemplateExpression Value)> named,
    TemplateExpression? morePositional,
    TemplateExpression? moreNamed)
{
    /// <summary>No arguments.</summary>
    public static readonly ArgumentList None = new([], [], null, null);

    /// <summary>Their values.</summary>
    public TemplateArguments Evaluate(TemplateContext context)
    {
        List<object?> values = [.. positional.Select(value => value.Evaluate(context))];
        Dictionary<string, object?> byName = new(StringComparer.Ordinal);
        foreach ((var name, var value) in named)
        {
            byName[name] = value.Evaluate(context);
        }

        if (morePositional is not null)
        {
            var more = TemplateValues.Elements(context, morePositional.Evaluate(context));
            context.SpendItems(more.Count);
            values.AddRange(more);
        }

        foreach ((var key, var value) in MoreNamed(context))
        {
            byName[key as string ?? throw new TemplateException($"{TemplateValues.TypeName(key)} is no argument's name")] = value;
        }

        return new TemplateArguments(values, byName);
    }

    private IEnumerable<KeyValuePair<object, object?>> MoreNamed(TemplateContext context)
    {
        if (moreNamed is null)
        {
            return [];
        }

        var value = moreNamed.Evaluate(context);
        var map = value as TemplateMap
            ?? throw new TemplateException($"{TemplateValues.TypeName(value)} cannot be given as named arguments");
        context.SpendItems(map.Entries.Count);
        return map.Entries;
    }
}

/// <summary><c>f(...)</c>.</summary>
internal sealed class CallExpression(TemplateExpression target, ArgumentList arguments) : TemplateExpression
{
    /// <inheritdoc/>
    protected override object? Compute(TemplateContext context) => Call(context, caller: null);

    /// <summary>Calls it, with a function that it finds under the name <c>caller</c>.</summary>
    public object? Call(TemplateContext context, TemplateFunction? caller)
    {
        var found = target.Evaluate(context);
        var function = found as TemplateFunction ?? throw new TemplateException($"{TemplateValues.TypeName(found)} cannot be called");
        var given = arguments.Evaluate(context);
        var all = caller is null ? given : given with
        {
            Named = new Dictionary<string, object?>(given.Named, StringComparer.Ordinal) { ["caller"] = caller },
        };
        return context.Call(null, all, () => function.Body(context, all));
    }
}

/// <summary><c>value | name(...)</c>; the value is <c>null</c> where a filter stands before a whole block.</summary>
internal sealed class FilterExpression(TemplateExpression target, string name, ArgumentList arguments) : TemplateExpression
{
    /// <inheritdoc/>
    protected override object? Compute(TemplateContext context)
    {
        var value = target.Evaluate(context);
        var given = arguments.Evaluate(context);
        return context.Call(value, given, () => TemplateFilters.Apply(context, name, value, given));
    }
}

/// <summary><c>value is name(...)</c>.</summary>
internal sealed class TestExpression(TemplateExpression target, string name, ArgumentList arguments) : TemplateExpression
{
    /// <inheritdoc/>
    protected override object? Compute(TemplateContext context)
    {
        var value = target.Evaluate(context);
        var given = arguments.Evaluate(context);
        return context.Call(value, given, () => TemplateChecks.Holds(context, name, value, given));
    }
}
