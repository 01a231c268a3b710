using LoRi.Files.Text;

namespace LoRi.Jinja;

/// <summary>The functions that every template finds.</summary>
internal static class TemplateFunctions
{
    private const long LongestRange = 100_000;

    private static readonly TemplateFunction[] All =
    [
        new("raise_exception",
            (_, arguments) =>
                throw new TemplateException(
                    $"the template refuses: {MessageText.Quote(arguments.Bind("raise_exception", "message").RequiredText("message"))}")),
        new("strftime_now",
            (context, arguments) =>
                TemplateFormat.Date(context, context.Clock.GetLocalNow(), arguments.Bind("strftime_now", "format").RequiredText("format"))),
        new("range", Range),
        new("dict", (context, arguments) => Map(context, arguments)),
        new("namespace", Namespace),
    ];

    /// <summary>Puts them into a scope.</summary>
    public static void Define(TemplateScope scope)
    {
        foreach (var function in All)
        {
            scope.Set(function.Name, function);
        }
    }

    private static object? Range(TemplateContext context, TemplateArguments arguments)
    {
        long[] bounds = [.. arguments.OnlyPositional("range").Select(TemplateValues.AsWhole)];
        (var from, var to, var step) = bounds switch
        {
            [var end] => (0, end, 1),
            [var start, var end] => (start, end, 1),
            [var start, var end, not 0 and var by] => (start, end, by),
            _ => throw new TemplateException("range takes one to three whole numbers, the third not 0"),
        };
        var count = System.Math.Max(0, System.Math.Ceiling(((double)to - from) / step));
        if (count > LongestRange)
        {
            throw new TemplateException($"range gives more than {LongestRange} numbers");
        }

        context.SpendItems((long)count);
        return new TemplateList([.. Enumerable.Range(0, (int)count).Select(i => (object?)(from + (i * step)))]);
    }

    private static TemplateMap Map(TemplateContext context, TemplateArguments arguments)
    {
        TemplateMap map = new();
        var given = arguments.Positional switch
        {
            [] => map,
            [TemplateMap only] => only,
            _ => throw new TemplateException("dict and namespace take a mapping and named values"),
        };
        context.SpendItems(given.Entries.Count + arguments.Named.Count);
        foreach ((var key, var value) in given.Entries.ToArray())
        {
            map.Set(key, value);
        }

        foreach ((var key, var value) in arguments.Named)
        {
            map.Set(key, value);
        }

        return map;
    }

    private static object? Namespace(TemplateContext context, TemplateArguments arguments)
    {
        TemplateNamespace space = new();
        foreach ((var key, var value) in Map(context, arguments).Entries)
        {
            space.Set(key as string ?? throw new TemplateException("a namespace's names must be texts"), value);
        }

        return space;
    }
}
