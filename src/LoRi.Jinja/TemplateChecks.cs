using LoRi.Files.Text;

namespace LoRi.Jinja;

/// <summary>Tests: <c>value is name(...)</c>.</summary>
internal static class TemplateChecks
{
    private delegate bool Check(TemplateContext context, object? value, IReadOnlyList<object?> arguments);

    private static readonly Dictionary<string, (int Arguments, Check Check)> Known = new(StringComparer.Ordinal)
    {
        ["boolean"] = (0, (_, value, _) => value is bool),
        ["callable"] = (0, (_, value, _) => value is TemplateFunction),
        ["defined"] = (0, (_, value, _) => value is not Undefined),
        ["divisibleby"] =
            (1, (_, value, given) => TemplateValues.AsWhole(given[0]) is not 0 and long by && TemplateValues.AsWhole(value) % by == 0),
        ["even"] = (0, (_, value, _) => TemplateValues.AsWhole(value) % 2 == 0),
        ["false"] = (0, (_, value, _) => value is false),
        ["filter"] = (0, (_, value, _) => value is string name && TemplateFilters.Has(name)),
        ["float"] = (0, (_, value, _) => value is double),
        ["in"] = (1, (context, value, given) => TemplateValues.Contains(context, given[0], value)),
        ["integer"] = (0, (_, value, _) => value is long),
        ["iterable"] = (0, (_, value, _) => value is string or TemplateList or TemplateMap or Undefined),
        ["lower"] = (0, (context, value, _) => TemplateMethods.HasCase(TemplateText.Of(context, value), upper: false)),
        ["mapping"] = (0, (_, value, _) => value is TemplateMap),
        ["none"] = (0, (_, value, _) => value is null),
        ["number"] = (0, (_, value, _) => TemplateValues.IsNumber(value)),
        ["odd"] = (0, (_, value, _) => TemplateValues.AsWhole(value) % 2 != 0),
        ["sameas"] =
            (1, (context, value, given) => value is null or bool or long or string
                ? value?.GetType() == given[0]?.GetType() && TemplateValues.AreEqual(context, value, given[0])
                : ReferenceEquals(value, given[0])),
        ["sequence"] = (0, (_, value, _) => value is string or TemplateList or TemplateMap or Undefined),
        ["string"] = (0, (_, value, _) => value is string),
        ["test"] = (0, (_, value, _) => value is string name && (Known!.ContainsKey(name) || Comparisons!.ContainsKey(name))),
        ["true"] = (0, (_, value, _) => value is true),
        ["undefined"] = (0, (_, value, _) => value is Undefined),
        ["upper"] = (0, (context, value, _) => TemplateMethods.HasCase(TemplateText.Of(context, value), upper: true)),
    };

    private static readonly Dictionary<string, string> Comparisons = new(StringComparer.Ordinal)
    {
        ["eq"] = "==",
        ["equalto"] = "==",
        ["=="] = "==",
        ["ne"] = "!=",
        ["!="] = "!=",
        ["lt"] = "<",
        ["lessthan"] = "<",
        ["<"] = "<",
        ["le"] = "<=",
        ["<="] = "<=",
        ["gt"] = ">",
        ["greaterthan"] = ">",
        [">"] = ">",
        ["ge"] = ">=",
        [">="] = ">=",
    };

    /// <summary>Whether a test holds of a value.</summary>
    public static bool Holds(TemplateContext context, string name, object? value, TemplateArguments arguments)
    {
        var compares = Comparisons.TryGetValue(name, out var symbol);
        (var count, var check) = compares
            ? (1, (inner, left, given) => CompareExpression.Holds(inner, symbol!, left, given[0]))
            : Known.TryGetValue(name, out var known) ? known : throw new TemplateException($"there is no test {MessageText.Quote(name)}");
        var given = arguments.OnlyPositional(name);
        return given.Count == count
            ? check(context, value, given)
            : throw new TemplateException($"the test {MessageText.Quote(name)} takes {count} arguments, not {given.Count}");
    }
}
