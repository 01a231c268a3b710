using LoRi.Files.Text;

namespace LoRi.Jinja;

/// <summary>What a function, filter or test is called with.</summary>
/// <param name="Positional">Values by place.</param>
/// <param name="Named">Values by name.</param>
internal sealed record TemplateArguments(IReadOnlyList<object?> Positional, IReadOnlyDictionary<string, object?> Named)
{
    /// <summary>Nothing.</summary>
    public static readonly TemplateArguments None = new([], new Dictionary<string, object?>());

    /// <summary>The values of parameters in order, however they were given.</summary>
    /// <exception cref="TemplateException">There are more, or others.</exception>
    public BoundArguments Bind(string function, params ReadOnlySpan<string> parameters)
    {
        if (Positional.Count > parameters.Length)
        {
            throw new TemplateException($"{function} takes {parameters.Length} arguments at most, not {Positional.Count}");
        }

        Dictionary<string, object?> bound = new(Named, StringComparer.Ordinal);
        foreach (var name in Named.Keys)
        {
            if (!parameters.Contains(name))
            {
                throw new TemplateException($"{function} has no argument {MessageText.Quote(name)}");
            }
        }

        for (var i = 0; i < Positional.Count; i++)
        {
            if (!bound.TryAdd(parameters[i], Positional[i]))
            {
                throw new TemplateException($"{function} is given {MessageText.Quote(parameters[i])} twice");
            }
        }

        return new BoundArguments(function, bound);
    }

    /// <summary>All values by place; names are refused.</summary>
    public IReadOnlyList<object?> OnlyPositional(string function) =>
        Named.Count == 0 ? Positional : throw new TemplateException($"{function} has no argument {MessageText.Quote(Named.Keys.First())}");

    /// <summary>The same without the first value.</summary>
    public TemplateArguments Rest() => this with { Positional = [.. Positional.Skip(1)] };
}

/// <summary>Values of parameters by name.</summary>
internal readonly struct BoundArguments(string function, Dictionary<string, object?> values)
{
    /// <summary>Whether a parameter was given.</summary>
    public bool Has(string name) => values.ContainsKey(name);

    /// <summary>A value that must be given.</summary>
    public object? Required(string name) =>
        values.TryGetValue(name, out var value)
            ? value
            : throw new TemplateException($"{function} needs the argument {MessageText.Quote(name)}");

    /// <summary>A value, or what stands for it.</summary>
    public object? Or(string name, object? otherwise) => values.TryGetValue(name, out var value) ? value : otherwise;

    /// <summary>A text that must be given.</summary>
    public string RequiredText(string name) => AsText(name, Required(name));

    /// <summary>A text; null where it is not given or none.</summary>
    public string? Text(string name) => Or(name, null) is object value ? AsText(name, value) : null;

    /// <summary>A whole number, or what stands for it where it is not given or none.</summary>
    public long Whole(string name, long otherwise) => Or(name, null) is object value ? TemplateValues.AsWhole(value) : otherwise;

    /// <summary>Whether a parameter counts as true.</summary>
    public bool Flag(string name, bool otherwise) => values.TryGetValue(name, out var value) ? TemplateValues.IsTrue(value) : otherwise;

    private string AsText(string name, object? value) => value as string
        ?? throw new TemplateException($"{function} needs a text as {MessageText.Quote(name)}, not {TemplateValues.TypeName(value)}");
}
