using LoRi.Files.Text;

namespace LoRi.Jinja;

/// <summary><c>for target in items if condition</c>, with an <c>else</c> for no items at all.</summary>
internal sealed class ForStatement(
    TemplateExpression target,
    TemplateExpression items,
    TemplateExpression? condition,
    IReadOnlyList<TemplateStatement> body,
    IReadOnlyList<TemplateStatement> otherwise) : TemplateStatement
{
    /// <inheritdoc/>
    protected override TemplateFlow Do(TemplateContext context)
    {
        var elements = TemplateValues.Elements(context, items.Evaluate(context));
        var chosen = condition is null ? elements : [.. elements.Where(element => Passes(context, element))];
        if (chosen.Count == 0)
        {
            return context.Within(new TemplateScope(context.Scope), () => RunAll(otherwise, context));
        }

        LoopVariable loop = new(chosen);
        for (var index = 0; index < chosen.Count; index++)
        {
            loop.Index = index;
            if (Round(context, loop, chosen[index]) == TemplateFlow.Break)
            {
                break;
            }
        }

        return TemplateFlow.Next;
    }

    private bool Passes(TemplateContext context, object? element) => context.Within(new TemplateScope(context.Scope), () =>
    {
        Assign(context, target, element);
        return TemplateValues.IsTrue(condition!.Evaluate(context));
    });

    private TemplateFlow Round(TemplateContext context, LoopVariable loop, object? element) =>
        context.Within(new TemplateScope(context.Scope), () =>
    {
        Assign(context, target, element);
        context.Scope.Set("loop", loop);
        return RunAll(body, context);
    });
}

/// <summary>The variable <c>loop</c>.</summary>
internal sealed class LoopVariable(IReadOnlyList<object?> items) : IAttributes
{
    private object? watched = new Undefined("changed");

    /// <summary>Which round this is, from 0 on.</summary>
    public int Index { get; set; }

    /// <inheritdoc/>
    public bool TryGet(string name, out object? value)
    {
        value = name switch
        {
            "index" => Index + 1L,
            "index0" => (long)Index,
            "revindex" => (long)items.Count - Index,
            "revindex0" => items.Count - Index - 1L,
            "first" => Index == 0,
            "last" => Index == items.Count - 1,
            "length" => (long)items.Count,
            "depth" => 1L,
            "depth0" => 0L,
            "previtem" => Index > 0 ? items[Index - 1] : new Undefined("there is no previous item"),
            "nextitem" => Index + 1 < items.Count ? items[Index + 1] : new Undefined("there is no next item"),
            "cycle" => new TemplateFunction("loop.cycle", (_, arguments) => Cycle(arguments.OnlyPositional("loop.cycle"))),
            "changed" => new TemplateFunction("loop.changed", Changed),
            _ => new Undefined(name),
        };
        return value is not Undefined missing || missing.Name != name;
    }

    private object? Cycle(IReadOnlyList<object?> values) =>
        values.Count > 0 ? values[Index % values.Count] : throw new TemplateException("loop.cycle needs something to go through");

    private object? Changed(TemplateContext context, TemplateArguments arguments)
    {
        TemplateList now = new(arguments.OnlyPositional("loop.changed"));
        var changed = !TemplateValues.AreEqual(context, now, watched);
        watched = now;
        return changed;
    }
}

/// <summary>A macro: a function that writes a text.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Parameters">Its parameters, and what they are where they are not given.</param>
/// <param name="Body">What it writes.</param>
internal sealed record TemplateMacro(
    string Name, IReadOnlyList<(string Name, TemplateExpression? Default)> Parameters, IReadOnlyList<TemplateStatement> Body)
{
    /// <summary>The function, which sees the variables around its definition.</summary>
    public TemplateFunction Bind(TemplateScope around) => new(Name, (context, arguments) => context.Within(new TemplateScope(around), () =>
    {
        SetParameters(context, arguments);
        return (object?)context.Capture(() => TemplateStatement.RunAll(Body, context));
    }));

    private void SetParameters(TemplateContext context, TemplateArguments arguments)
    {
        var named = arguments.Named;
        for (var i = 0; i < Parameters.Count; i++)
        {
            (var name, var otherwise) = Parameters[i];
            var byPlace = i < arguments.Positional.Count;
            if (byPlace && named.ContainsKey(name))
            {
                throw new TemplateException($"the macro {MessageText.Quote(Name)} is given {MessageText.Quote(name)} twice");
            }

            context.Scope.Set(name, byPlace
                ? arguments.Positional[i]
                : named.TryGetValue(name, out var value) ? value : otherwise is null ? new Undefined(name)
                : otherwise.Evaluate(context));
        }

        SetRest(context, arguments);
    }

    /// <summary>What no parameter takes: the caller's block, and more values where the body asks for them by these names.</summary>
    private void SetRest(TemplateContext context, TemplateArguments arguments)
    {
        TemplateMap more = new();
        foreach ((var name, var value) in arguments.Named.Where(pair => !Parameters.Any(parameter => parameter.Name == pair.Key)))
        {
            if (name == "caller")
            {
                context.Scope.Set(name, value);
            }
            else
            {
                more.Set(name, value);
            }
        }

        context.Scope.Set("varargs", new TemplateList([.. arguments.Positional.Skip(Parameters.Count)], IsTuple: true));
        context.Scope.Set("kwargs", more);
    }
}

/// <summary><c>macro name(...)</c>.</summary>
internal sealed class MacroStatement(TemplateMacro macro) : TemplateStatement
{
    /// <inheritdoc/>
    protected override TemplateFlow Do(TemplateContext context)
    {
        context.Scope.Set(macro.Name, macro.Bind(context.Scope));
        return TemplateFlow.Next;
    }
}

/// <summary><c>call(...) f(...)</c>: calls a macro that writes a block where it says <c>caller()</c>.</summary>
internal sealed class CallStatement(CallExpression call, TemplateMacro block) : TemplateStatement
{
    /// <inheritdoc/>
    protected override TemplateFlow Do(TemplateContext context)
    {
        context.Write(TemplateText.Of(context, call.Call(context, block.Bind(context.Scope))));
        return TemplateFlow.Next;
    }
}
