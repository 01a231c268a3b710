using System.Globalization;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace LoRi.Files.Settings;

/// <summary>The forms that settings have: numbers with bounds, choices, texts, places, lists and flags.</summary>
public static class Forms
{
    /// <summary>Given or not.</summary>
    public static ValueForm<bool> Flag { get; } = new()
    {
        Expected = "must be true or false",
        Kind = ValueKind.Flag,
        Schema = new() { ["type"] = "boolean" },
        Read = Plain<bool>,
    };

    /// <summary>A name or another text of one word.</summary>
    public static ValueForm<string> Text { get; } =
        new() { Expected = "must be text", Schema = new() { ["type"] = "string" }, Read = Plain<string> };

    /// <summary>Free text.</summary>
    public static ValueForm<string> Words { get; } = Text with { Kind = ValueKind.Words };

    /// <summary>A file or folder, or the name of something that is neither: a full path where it is there.</summary>
    public static ValueForm<string> Place { get; } = Text with { Kind = ValueKind.Place, Anywhere = Paths.FullWhereThere };

    /// <summary>A file or folder, whether it is there or not.</summary>
    public static ValueForm<string> Output { get; } = Place with { Anywhere = Paths.Full };

    /// <summary>Some texts; in files, one text may stand for a list of one.</summary>
    public static ValueForm<IReadOnlyList<string>> List { get; } = new()
    {
        Expected = "must be a list of texts",
        IsList = true,
        Schema = new() { ["type"] = new JsonArray("string", "array"), ["items"] = new JsonObject { ["type"] = "string" } },
        Read = node => node.GetValueKind() == JsonValueKind.String ? [node.GetValue<string>()]
            : Plain<string[]>(node) is var all && all.All(text => text is not null) ? all : throw new JsonException(),
    };

    /// <summary>Some whole numbers of at least <paramref name="least"/>; in files, one number may stand for a list of one.</summary>
    /// <param name="least">The smallest number allowed.</param>
    public static ValueForm<IReadOnlyList<int>> WholeList(int least) => new()
    {
        Expected = "must be a list of whole numbers",
        Kind = ValueKind.Number,
        IsList = true,
        Schema = new() { ["type"] = new JsonArray("integer", "array"), ["items"] = Bounded("integer", "minimum", least, null) },
        Read = node => node.GetValueKind() == JsonValueKind.Number ? [node.GetValue<int>()] : Plain<int[]>(node),
        FromText = WholeOf,
        Broken = values => values.All(value => value >= least) ? null : Invariant($"each must be at least {least}"),
    };

    /// <summary>Some numbers larger than 0 and at most <paramref name="most"/>; in files, one number may stand for a list of one.</summary>
    /// <param name="most">The largest number allowed; any where null.</param>
    public static ValueForm<IReadOnlyList<double>> PositiveList(double most) => new()
    {
        Expected = "must be a list of numbers",
        Kind = ValueKind.Number,
        IsList = true,
        Schema = new() { ["type"] = new JsonArray("number", "array"), ["items"] = Bounded("number", "exclusiveMinimum", 0, most) },
        Read = node => node.GetValueKind() == JsonValueKind.Number ? [node.GetValue<double>()] : Plain<double[]>(node),
        FromText = RealOf,
        Broken = values => values.All(value => value > 0 && value <= most) ? null
            : Invariant($"each must be larger than 0 and at most {most}"),
    };

    /// <summary>Some files or folders, or names of something that is neither: full paths where they are there.</summary>
    public static ValueForm<IReadOnlyList<string>> Places { get; } =
        List with { Kind = ValueKind.Place, Anywhere = all => [.. all.Select(Paths.FullWhereThere)] };

    /// <summary>A size of files.</summary>
    public static ValueForm<StorageSize> Size { get; } = new()
    {
        Expected = StorageSize.Rule,
        Schema = new() { ["type"] = new JsonArray("string", "integer") },
        Read = Plain<StorageSize>,
    };

    /// <summary>A seed.</summary>
    public static ValueForm<long> Seed { get; } = new()
    {
        Expected = "must be a whole number",
        Kind = ValueKind.Number,
        Schema = new() { ["type"] = "integer" },
        Read = Plain<long>,
        FromText = text => long.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out var number)
            ? JsonValue.Create(number)
            : null,
    };

    /// <summary>A whole number within bounds.</summary>
    /// <param name="least">The smallest.</param>
    /// <param name="most">
    /// The largest: what is above is a slip of the hand, and would take the machine down before anything could be said about it.
    /// </param>
    /// <param name="where">Why it is the largest, for the message.</param>
    public static ValueForm<int> Whole(int least, int? most = null, string where = "") => new()
    {
        Expected = "must be a whole number",
        Kind = ValueKind.Number,
        Most = most,
        Schema = Bounded("integer", "minimum", least, most),
        Read = Plain<int>,
        FromText = WholeOf,
        Broken = value =>
            value < least ? Invariant($"must be at least {least}") : value > most ? Invariant($"must be at most {most}{where}") : null,
    };

    /// <summary>A number of at least <paramref name="least"/>.</summary>
    /// <param name="least">The smallest number allowed.</param>
    public static ValueForm<double> AtLeast(double least) =>
        Real(Bounded("number", "minimum", least, null),
            value => value >= least && double.IsFinite(value) ? null : Invariant($"must be at least {least}"));

    /// <summary>A number larger than 0.</summary>
    /// <param name="most">The largest number allowed; any where null.</param>
    public static ValueForm<double> Positive(double? most = null) => Real(
        Bounded("number", "exclusiveMinimum", 0, most),
        value => !(value > 0 && double.IsFinite(value)) ? "must be larger than 0" : value > most ? Invariant($"must be at most {most}")
            : null) with
    { Most = most };

    /// <summary>A number from 0 to less than 1.</summary>
    public static ValueForm<double> BelowOne { get; } = Real(
        new() { ["type"] = "number", ["minimum"] = 0, ["exclusiveMaximum"] = 1 },
        value => value is >= 0 and < 1 ? null : "must be at least 0 and less than 1");

    /// <summary>A number larger than 0 and at most 1.</summary>
    public static ValueForm<double> Share { get; } = Real(
        Bounded("number", "exclusiveMinimum", 0, 1), value => value is > 0 and <= 1 ? null : "must be larger than 0 and at most 1");

    /// <summary>One of some values of any type, by names.</summary>
    /// <param name="choices">The names that may be written, each with its value.</param>
    public static ValueForm<T> Choice<T>(params (string Name, T Value)[] choices)
        where T : notnull
    {
        ArgumentNullException.ThrowIfNull(choices);
        var (names, values) = (new string[choices.Length], new T[choices.Length]);
        for (var index = 0; index < choices.Length; index++)
        {
            (names[index], values[index]) = choices[index];
        }

        return Choice(names, values);
    }

    /// <summary>One of the values of an enumeration: their names in small letters with hyphens, where no attribute says another.</summary>
    public static ValueForm<T> Choice<T>()
        where T : struct, Enum
    {
        var values = Enum.GetValues<T>();
        var names = new string[values.Length];
        for (var index = 0; index < values.Length; index++)
        {
            names[index] = Name(values[index]);
        }

        return Choice(names, values);
    }

    /// <summary>The name of an enumeration's value.</summary>
    /// <param name="value">A value of the enumeration.</param>
    public static string Name<T>(T value)
        where T : struct, Enum => Name(typeof(T), value.ToString());

    /// <summary>The same form for a value that may be left out.</summary>
    /// <param name="form">The form of values that are given.</param>
    public static ValueForm<T?> Optional<T>(this ValueForm<T> form)
        where T : struct
    {
        ArgumentNullException.ThrowIfNull(form);
        return new()
        {
            Expected = form.Expected,
            Schema = form.Schema,
            Kind = form.Kind,
            Names = form.Names,
            Most = form.Most,
            FromText = form.FromText,
            Read = node => form.Read(node),
            Write = value => value is { } given ? form.Write(given) : null,
            Broken = value => value is { } given ? form.Broken(given) : null,
        };
    }

    /// <summary>The same form for a text that may be left out.</summary>
    /// <param name="form">The form of texts that are given.</param>
    public static ValueForm<string?> OrNone(this ValueForm<string> form) => form!;

    /// <summary>What depends on a type is little here: each type costs time at start.</summary>
    private static ValueForm<T> Choice<T>(string[] names, T[] values)
        where T : notnull => new()
        {
            Expected = $"must be one of {string.Join(", ", names)}",
            Names = names,
            Schema = new() { ["enum"] = new JsonArray([.. names.Select(name => JsonValue.Create(name))]) },
            Read = node => values[Index(names, node)],
            Write = value => JsonValue.Create(names[Array.IndexOf(values, value)]),
        };

    private static int Index(string[] names, JsonNode node) =>
        node.GetValueKind() == JsonValueKind.String && Array.IndexOf(names, node.GetValue<string>()) is >= 0 and var index
            ? index
            : throw new JsonException();

    private static string Name(Type type, string value) =>
        type.GetField(value)?.GetCustomAttribute<JsonStringEnumMemberNameAttribute>()?.Name
            ?? JsonNamingPolicy.KebabCaseLower.ConvertName(value);

    private static ValueForm<double> Real(JsonObject schema, Func<double, string?> broken) => new()
    {
        Expected = "must be a number",
        Kind = ValueKind.Number,
        Schema = schema,
        Read = Plain<double>,
        FromText = RealOf,
        Broken = broken,
    };

    private static JsonValue? WholeOf(string text) =>
        int.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out var number) ? JsonValue.Create(number) : null;

    private static JsonValue? RealOf(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number)
            ? JsonValue.Create(number)
            : null;

    private static JsonObject Bounded(string type, string lower, double least, double? most)
    {
        var schema = new JsonObject { ["type"] = type, [lower] = least };
        if (most is { } largest)
        {
            schema["maximum"] = largest;
        }

        return schema;
    }

    private static T Plain<T>(JsonNode node) => node.Deserialize<T>() ?? throw new JsonException();

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
