using System.Globalization;
using System.Text;
using LoRi.Files.Text;

namespace LoRi.Jinja;

/// <summary>Filters: <c>value | name(...)</c>. Those that work on lists are in <see cref="TemplateListFilters"/>.</summary>
internal static class TemplateFilters
{
    private const long WidestIndent = 1000;

    private delegate object? Filter(TemplateContext context, object? value, TemplateArguments arguments);

    private static readonly Dictionary<string, Filter> Known = new(StringComparer.Ordinal)
    {
        ["abs"] = (_, value, _) => TemplateValues.Arithmetic(value) is long whole
            ? ArithmeticExpression.Checked(() => System.Math.Abs(whole))
            : (object)System.Math.Abs(TemplateValues.AsDouble(value)),
        ["attr"] = (context, value, arguments) =>
            TemplateAccess.Attribute(context, value, arguments.Bind("attr", "name").RequiredText("name")),
        ["capitalize"] = (context, value, _) => PythonText.Title(Text(context, value), everyWord: false),
        ["count"] = (context, value, _) => TemplateValues.Length(context, value),
        ["d"] = Default,
        ["default"] = Default,
        ["e"] = (context, value, _) => Escape(context, value),
        ["escape"] = (context, value, _) => Escape(context, value),
        ["float"] = (context, value, arguments) => ToFloat(value, arguments.Bind("float", "default").Or("default", 0.0)),
        ["format"] = (context, value, arguments) =>
            TemplateFormat.Format(context, Text(context, value), arguments.OnlyPositional("format")),
        ["indent"] = (context, value, arguments) =>
            Indent(context, Text(context, value), arguments.Bind("indent", "width", "first", "blank")),
        ["int"] = (context, value, arguments) => ToInt(value, arguments.Bind("int", "default").Or("default", 0L)),
        ["length"] = (context, value, _) => TemplateValues.Length(context, value),
        ["lower"] = (context, value, _) => Text(context, value).ToLowerInvariant(),
        ["replace"] = (context, value, arguments) => TemplateMethods.Replace(context, Text(context, value), arguments),
        ["round"] = (_, value, arguments) => Round(value, arguments.Bind("round", "precision", "method")),
        ["safe"] = (_, value, _) => value,
        ["string"] = (context, value, _) => Text(context, value),
        ["title"] = (context, value, _) => PythonText.Title(Text(context, value), everyWord: true),
        ["tojson"] = ToJson,
        ["trim"] = (context, value, arguments) =>
            TemplateMethods.Strip(context, Text(context, value), arguments.Bind("trim", "chars").Text("chars"), left: true, right: true),
        ["upper"] = (context, value, _) => Text(context, value).ToUpperInvariant(),
        ["wordcount"] = (context, value, _) =>
            (long)Text(context, value).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Length,
    };

    /// <summary>Whether there is a filter of this name.</summary>
    public static bool Has(string name) => Known.ContainsKey(name) || TemplateListFilters.Known.ContainsKey(name);

    /// <summary>A value through a filter.</summary>
    public static object? Apply(TemplateContext context, string name, object? value, TemplateArguments arguments) =>
        Known.TryGetValue(name, out var filter) ? filter(context, value, arguments)
        : TemplateListFilters.Known.TryGetValue(name, out var ofLists) ? ofLists(context, value, arguments)
        : throw new TemplateException($"there is no filter {MessageText.Quote(name)}");

    private static string Text(TemplateContext context, object? value)
    {
        var text = TemplateText.Of(context, value);
        context.Spend(text.Length);
        return text;
    }

    private static object? Default(TemplateContext context, object? value, TemplateArguments arguments)
    {
        var bound = arguments.Bind("default", "default_value", "boolean");
        var missing = value is Undefined || (bound.Flag("boolean", false) && !TemplateValues.IsTrue(value));
        return missing ? bound.Or("default_value", "") : value;
    }

    private static string Escape(TemplateContext context, object? value)
    {
        var escaped = Text(context, value).Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal)
            .Replace(">", "&gt;", StringComparison.Ordinal).Replace("'", "&#39;", StringComparison.Ordinal)
            .Replace("\"", "&#34;", StringComparison.Ordinal);
        context.Spend(escaped.Length);
        return escaped;
    }

    private static object? ToFloat(object? value, object? otherwise) => TemplateValues.Arithmetic(value) switch
    {
        long or double => TemplateValues.AsDouble(value),
        string text when double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var real) => real,
        _ => otherwise,
    };

    private static object? ToInt(object? value, object? otherwise) => TemplateValues.Arithmetic(value) switch
    {
        long whole => whole,
        string text when long.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out var whole) => whole,
        object number when ToFloat(number, null) is double real && System.Math.Abs(real) < long.MaxValue => (long)real,
        _ => otherwise,
    };

    private static object Round(object? value, BoundArguments bound)
    {
        var precision = (int)System.Math.Clamp(bound.Whole("precision", 0), -15, 15);
        var method = bound.Text("method") ?? "common";
        double scale = System.Math.Pow(10, precision), number = TemplateValues.AsDouble(value);
        return method switch
        {
            "ceil" => System.Math.Ceiling(number * scale) / scale,
            "floor" => System.Math.Floor(number * scale) / scale,
            "common" when TemplateValues.Arithmetic(value) is long whole && precision >= 0 => (object)whole,
            "common" => precision >= 0 ? RoundDecimal(number, precision) : System.Math.Round(number * scale) / scale,
            _ => throw new TemplateException($"round knows common, ceil and floor, not {MessageText.Quote(method)}"),
        };
    }

    /// <summary>Rounds the exact decimal value of a number, halves to an even digit.</summary>
    private static double RoundDecimal(double number, int precision)
    {
        var exact = number.ToString("F60", CultureInfo.InvariantCulture);
        var end = exact.IndexOf('.', StringComparison.Ordinal) + precision + 1;
        var half = double.IsFinite(number) && exact[end] == '5' && exact.AsSpan(end + 1).TrimEnd('0').IsEmpty;
        var even = half && (exact[end - 1] == '.' ? exact[end - 2] : exact[end - 1]) is '0' or '2' or '4' or '6' or '8';
        return double.Parse(half && even ? exact[..end] : number.ToString("F" + precision, CultureInfo.InvariantCulture),
            CultureInfo.InvariantCulture);
    }

    private static string Indent(TemplateContext context, string text, BoundArguments bound)
    {
        var prefix = bound.Or("width", 4L) is string given
            ? given
            : new string(' ', (int)System.Math.Clamp(bound.Whole("width", 4), 0, WidestIndent));
        bool first = bound.Flag("first", false), blank = bound.Flag("blank", false);
        StringBuilder indented = new();
        var lines = text.Split('\n');
        for (var i = 0; i < lines.Length; i++)
        {
            var needed = i == 0 ? first : blank || lines[i].Length > 0;
            context.Spend(prefix.Length + (long)lines[i].Length);
            indented.Append(i == 0 ? "" : "\n").Append(needed ? prefix : "").Append(lines[i]);
        }

        return indented.ToString();
    }

    private static object? ToJson(TemplateContext context, object? value, TemplateArguments arguments)
    {
        var bound = arguments.Bind("tojson", "ensure_ascii", "indent", "separators", "sort_keys");
        var width = bound.Or("indent", null);
        var indent = width as string
            ?? (width is null ? null : new string(' ', (int)System.Math.Clamp(TemplateValues.AsWhole(width), 0, WidestIndent)));
        (var between, var afterKey) = bound.Or("separators", null) switch
        {
            null => (indent is null ? ", " : ",", ": "),
            TemplateList { Items: [string first, string second] } => (first, second),
            _ => throw new TemplateException("tojson needs two texts as \"separators\""),
        };
        return TemplateText.Json(context, value,
            new TemplateText.JsonLayout(bound.Flag("ensure_ascii", false), indent, between, afterKey, bound.Flag("sort_keys", false)));
    }
}
