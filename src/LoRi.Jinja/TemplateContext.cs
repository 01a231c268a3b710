using System.Text;

namespace LoRi.Jinja;

/// <summary>Variables of a part of a template, and of the parts around it.</summary>
internal sealed class TemplateScope(TemplateScope? around)
{
    private readonly Dictionary<string, object?> values = new(StringComparer.Ordinal);

    /// <summary>Sets a variable of this part.</summary>
    public void Set(string name, object? value) => values[name] = value;

    /// <summary>The innermost variable of a name.</summary>
    public object? Get(string name)
    {
        for (var scope = this; scope is not null; scope = scope.Around)
        {
            if (scope.values.TryGetValue(name, out var value))
            {
                return value;
            }
        }

        return new Undefined(name);
    }

    private TemplateScope? Around => around;
}

/// <summary>
/// A rendering under way: variables, output, and how much work is left. A template comes from outside: steps and everything that
/// it makes are counted, so that one that would run forever or fill the memory ends with an error.
/// </summary>
internal sealed class TemplateContext
{
    private const long MostWork = 1 << 25;
    private const int DeepestEvaluation = 200, DeepestNesting = 100, WorkOfItem = 8;

    /// <summary>Calls of <see cref="Spend"/> between two looks at the clock.</summary>
    private const int CallsBetweenLooks = 1024;

    private readonly long end = Environment.TickCount64 + (long)Longest.TotalMilliseconds;
    private long work;
    private int calls;
    private int depth;

    /// <summary>Starts with the given variables.</summary>
    public TemplateContext(TemplateScope globals, TimeProvider clock)
    {
        Scope = new TemplateScope(globals);
        Clock = clock;
    }

    /// <summary>How long a rendering may take, whatever it does.</summary>
    public static TimeSpan Longest { get; } = TimeSpan.FromSeconds(20);

    /// <summary>The time that <c>strftime_now</c> tells.</summary>
    public TimeProvider Clock { get; }

    /// <summary>The innermost variables.</summary>
    public TemplateScope Scope { get; private set; }

    /// <summary>What was written.</summary>
    public StringBuilder Output { get; private set; } = new();

    /// <summary>Counts work: steps, or characters that are made or gone through.</summary>
    /// <exception cref="TemplateException">It is too much.</exception>
    public void Spend(long work)
    {
        this.work += work;
        if (this.work > MostWork)
        {
            throw new TemplateException("the template does or writes too much; it may have an endless loop");
        }

        if (++calls % CallsBetweenLooks == 0 && Environment.TickCount64 > end)
        {
            throw new TemplateException($"the template takes longer than {Longest.TotalSeconds} s; it may have an endless loop");
        }
    }

    /// <summary>Calls a function, filter or test; the texts that it is given, and the one that it gives, count as work.</summary>
    public object? Call(object? target, TemplateArguments given, Func<object?> work)
    {
        var size = TextLength(target);
        foreach (var value in given.Positional.Concat(given.Named.Values))
        {
            size += TextLength(value);
        }

        Spend(size);
        var made = work();
        Spend(TextLength(made));
        return made;
    }

    private static long TextLength(object? value) => value switch
    {
        string text => text.Length,
        TemplateList { IsTuple: true } tuple => tuple.Items.Sum(item => (item as string)?.Length ?? 0L),
        _ => 0,
    };

    /// <summary>Counts elements of a list that is made.</summary>
    public void SpendItems(long count) => Spend(WorkOfItem * count);

    /// <summary>Counts a search of a text in another.</summary>
    public void SpendSearch(string text, string wanted) => Spend(text.Length * (1 + (wanted.Length / 64L)));

    /// <summary>Refuses a value that holds values that hold values too many times over.</summary>
    public static void CheckNesting(int depth)
    {
        if (depth > DeepestNesting)
        {
            throw new TemplateException($"a value is nested more than {DeepestNesting} deep");
        }
    }

    /// <summary>Enters an expression or statement; <see cref="Leave"/> must follow.</summary>
    public void Enter()
    {
        Spend(1);
        if (depth >= DeepestEvaluation)
        {
            throw new TemplateException($"expressions, blocks and macros are nested more than {DeepestEvaluation} deep");
        }

        depth++;
    }

    /// <summary>Leaves what was entered last.</summary>
    public void Leave() => depth--;

    /// <summary>Writes a text.</summary>
    public void Write(string text)
    {
        Spend(text.Length);
        Output.Append(text);
    }

    /// <summary>Does something with variables of its own around it.</summary>
    public T Within<T>(TemplateScope scope, Func<T> work)
    {
        SpendItems(1);
        var before = Scope;
        Scope = scope;
        try
        {
            return work();
        }
        finally
        {
            Scope = before;
        }
    }

    /// <summary>What some work writes, instead of writing it.</summary>
    public string Capture(Action work)
    {
        var before = Output;
        Output = new StringBuilder();
        try
        {
            work();
            return Output.ToString();
        }
        finally
        {
            Output = before;
        }
    }
}
