using LoRi.Files.Text;

namespace LoRi.Jinja;

/// <summary>What comes after a statement.</summary>
internal enum TemplateFlow
{
    /// <summary>The next one.</summary>
    Next,

    /// <summary>The end of the loop around it.</summary>
    Break,

    /// <summary>The next round of the loop around it.</summary>
    Continue,
}

/// <summary>A part of a template that does or writes something.</summary>
internal abstract class TemplateStatement
{
    /// <summary>The line that it begins in.</summary>
    public required int Line { get; init; }

    /// <summary>Does it.</summary>
    /// <exception cref="TemplateException">It cannot be done.</exception>
    public TemplateFlow Run(TemplateContext context)
    {
        context.Enter();
        try
        {
            return Do(context);
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

    /// <summary>Does several in order, until one leads elsewhere.</summary>
    public static TemplateFlow RunAll(IReadOnlyList<TemplateStatement> statements, TemplateContext context)
    {
        foreach (var statement in statements)
        {
            var flow = statement.Run(context);
            if (flow != TemplateFlow.Next)
            {
                return flow;
            }
        }

        return TemplateFlow.Next;
    }

    /// <summary>Gives the variables of a target (a name, an attribute of a namespace, or a list of these) their values.</summary>
    public static void Assign(TemplateContext context, TemplateExpression target, object? value)
    {
        switch (target)
        {
            case NameExpression name:
                context.Scope.Set(name.Name, value);
                break;
            case NamespaceTarget attribute:
                attribute.Set(context, value);
                break;
            case ListExpression list:
                var values = TemplateValues.Elements(context, value);
                if (values.Count != list.Items.Count)
                {
                    throw new TemplateException($"{values.Count} values for {list.Items.Count} variables");
                }

                for (var i = 0; i < values.Count; i++)
                {
                    Assign(context, list.Items[i], values[i]);
                }

                break;
        }
    }

    /// <summary>Does it.</summary>
    protected abstract TemplateFlow Do(TemplateContext context);
}

/// <summary><c>space.name</c> as the target of a <c>set</c>.</summary>
internal sealed class NamespaceTarget(string space, string name) : TemplateExpression
{
    /// <summary>Sets it.</summary>
    public void Set(TemplateContext context, object? value)
    {
        var target = context.Scope.Get(space) as TemplateNamespace
            ?? throw new TemplateException(
                $"{MessageText.Quote(space)} is no namespace, so that its {MessageText.Quote(name)} cannot be set");
        target.Set(name, value);
    }

    /// <inheritdoc/>
    protected override object? Compute(TemplateContext context) => TemplateAccess.Attribute(context, context.Scope.Get(space), name);
}

/// <summary>Text that is written as it is.</summary>
internal sealed class DataStatement(string text) : TemplateStatement
{
    /// <inheritdoc/>
    protected override TemplateFlow Do(TemplateContext context)
    {
        context.Write(text);
        return TemplateFlow.Next;
    }
}

/// <summary><c>{{ value }}</c>.</summary>
internal sealed class OutputStatement(TemplateExpression value) : TemplateStatement
{
    /// <inheritdoc/>
    protected override TemplateFlow Do(TemplateContext context)
    {
        context.Write(TemplateText.Of(context, value.Evaluate(context)));
        return TemplateFlow.Next;
    }
}

/// <summary><c>if</c>, <c>elif</c>, <c>else</c>; the last condition is null for <c>else</c>.</summary>
internal sealed class IfStatement(IReadOnlyList<(TemplateExpression? Condition, IReadOnlyList<TemplateStatement> Body)> branches)
    : TemplateStatement
{
    /// <inheritdoc/>
    protected override TemplateFlow Do(TemplateContext context)
    {
        foreach ((var condition, var body) in branches)
        {
            if (condition is null || TemplateValues.IsTrue(condition.Evaluate(context)))
            {
                return RunAll(body, context);
            }
        }

        return TemplateFlow.Next;
    }
}

/// <summary><c>set target = value</c>.</summary>
internal sealed class SetStatement(TemplateExpression target, TemplateExpression value) : TemplateStatement
{
    /// <inheritdoc/>
    protected override TemplateFlow Do(TemplateContext context)
    {
        Assign(context, target, value.Evaluate(context));
        return TemplateFlow.Next;
    }
}

/// <summary>
/// A block whose text, under a name that no template can write, goes through filters, and then to the output or into a variable.
/// </summary>
internal sealed class CapturedBlock(TemplateExpression? target, TemplateExpression filtered, IReadOnlyList<TemplateStatement> body)
    : TemplateStatement
{
    /// <summary>The name of the block's text.</summary>
    public const string TextName = " ";

    /// <inheritdoc/>
    protected override TemplateFlow Do(TemplateContext context)
    {
        var text = context.Within(new TemplateScope(context.Scope), () => context.Capture(() => RunAll(body, context)));
        TemplateScope withText = new(context.Scope);
        withText.Set(TextName, text);
        var value = context.Within(withText, () => filtered.Evaluate(context));
        if (target is null)
        {
            context.Write(TemplateText.Of(context, value));
        }
        else
        {
            Assign(context, target, value);
        }

        return TemplateFlow.Next;
    }
}

/// <summary>Statements with variables of their own: <c>with a = 1</c>, and blocks that mean nothing more here.</summary>
internal sealed class ScopeStatement(IReadOnlyList<(TemplateExpression Target, TemplateExpression Value)> variables,
    IReadOnlyList<TemplateStatement> body) : TemplateStatement
{
    /// <inheritdoc/>
    protected override TemplateFlow Do(TemplateContext context)
    {
        object?[] values = [.. variables.Select(variable => variable.Value.Evaluate(context))];
        return context.Within(new TemplateScope(context.Scope), () =>
        {
            for (var i = 0; i < values.Length; i++)
            {
                Assign(context, variables[i].Target, values[i]);
            }

            return RunAll(body, context);
        });
    }
}

/// <summary><c>break</c> and <c>continue</c>.</summary>
internal sealed class FlowStatement(TemplateFlow flow) : TemplateStatement
{
    /// <inheritdoc/>
    protected override TemplateFlow Do(TemplateContext context) => flow;
}
