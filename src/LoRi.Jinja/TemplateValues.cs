using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using LoRi.Files.Text;

namespace LoRi.Jinja;

/// <summary>
/// What a name stands for that nothing was given to: empty where it is written or gone through, an error in most other places.
/// </summary>
/// <param name="Name">What was looked for.</param>
internal sealed record Undefined(string Name);

/// <summary>A list, or a tuple, whose elements do not change.</summary>
internal sealed record TemplateList(IReadOnlyList<object?> Items, bool IsTuple = false);

/// <summary>Keys and values in the order that they were given in.</summary>
internal sealed class TemplateMap
{
    private readonly OrderedDictionary<object, object?> entries = [];

    /// <summary>The entries in order.</summary>
    public IReadOnlyDictionary<object, object?> Entries => entries;

    /// <summary>Gives a key a value. A whole number, however it is written, and a truth value are one key, as in Python.</summary>
    public void Set(object? key, object? value) => entries[Key(key)] = value;

    /// <summary>The value of a key.</summary>
    public bool TryGet(object? key, out object? value) => entries.TryGetValue(Key(key), out value);

    private static object Key(object? key) => key switch
    {
        string or long => key,
        bool flag => flag ? 1L : 0L,
        double real when real == System.Math.Floor(real) && System.Math.Abs(real) < 1e15 => (long)real,
        double => key,
        _ => throw new TemplateException($"{TemplateValues.TypeName(key)} cannot be a key"),
    };
}

/// <summary>A value with attributes of its own.</summary>
internal interface IAttributes
{
    /// <summary>The attribute of a name.</summary>
    bool TryGet(string name, out object? value);
}

/// <summary>What <c>namespace()</c> makes: the one thing whose attributes a template can set.</summary>
internal sealed class TemplateNamespace : IAttributes
{
    private readonly Dictionary<string, object?> values = new(StringComparer.Ordinal);

    /// <summary>Sets an attribute.</summary>
    public void Set(string name, object? value) => values[name] = value;

    /// <inheritdoc/>
    public bool TryGet(string name, out object? value) => values.TryGetValue(name, out value);
}

/// <summary>Something that can be called.</summary>
/// <param name="Name">Its name, for messages.</param>
/// <param name="Body">What it does.</param>
internal sealed record TemplateFunction(string Name, Func<TemplateContext, TemplateArguments, object?> Body);

/// <summary>
/// Values as templates see them: null, bool, long, double, string, <see cref="TemplateList"/>, <see cref="TemplateMap"/>,
/// <see cref="IAttributes"/>, <see cref="TemplateFunction"/> and <see cref="Undefined"/>.
/// </summary>
internal static class TemplateValues
{
    /// <summary>A value from JSON.</summary>
    public static object? FromJson(JsonNode? node) => node switch
    {
        null => null,
        JsonObject map => Map(map),
        JsonArray list => new TemplateList([.. list.Select(FromJson)]),
        _ => node.GetValueKind() switch
        {
            JsonValueKind.String => node.GetValue<string>(),
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            _ => Number(node.ToJsonString()),
        },
    };

    private static TemplateMap Map(JsonObject json)
    {
        TemplateMap map = new();
        foreach ((var key, var value) in json)
        {
            map.Set(key, FromJson(value));
        }

        return map;
    }

    private static object Number(string text) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole)
            ? (object)whole
            : double.Parse(text, CultureInfo.InvariantCulture);

    /// <summary>Whether a value counts as true.</summary>
    public static bool IsTrue(object? value) => value switch
    {
        null or Undefined => false,
        bool flag => flag,
        long whole => whole != 0,
        double real => real != 0,
        string text => text.Length > 0,
        TemplateList list => list.Items.Count > 0,
        TemplateMap map => map.Entries.Count > 0,
        _ => true,
    };

    /// <summary>What a value is called in messages.</summary>
    public static string TypeName(object? value) => value switch
    {
        null => "none",
        Undefined missing => $"{MessageText.Quote(missing.Name)}, which is undefined,",
        bool => "a truth value",
        long or double => "a number",
        string => "a text",
        TemplateList => "a list",
        TemplateMap => "a mapping",
        TemplateFunction => "a function",
        _ => "an object",
    };

    /// <summary>Whether a value is a number; truth values are, as in Python.</summary>
    public static bool IsNumber(object? value) => value is bool or long or double;

    /// <summary>A truth value as a number, and everything else as it is.</summary>
    public static object? Arithmetic(object? value) => value is bool flag ? (flag ? 1L : 0L) : value;

    /// <summary>Whether two values are equal, as in Python.</summary>
    public static bool AreEqual(TemplateContext context, object? one, object? other, int depth = 0)
    {
        context.Spend(1);
        TemplateContext.CheckNesting(depth);
        return (Arithmetic(one), Arithmetic(other)) switch
        {
            (null, null) or (Undefined, Undefined) => true,
            (long a, long b) => a == b,
            (double a, double b) => a == b,
            (long a, double b) => a == b,
            (double a, long b) => a == b,
            (string a, string b) => SameText(context, a, b),
            (TemplateList a, TemplateList b) => a.IsTuple == b.IsTuple && a.Items.Count == b.Items.Count
                && a.Items.Zip(b.Items).All(pair => AreEqual(context, pair.First, pair.Second, depth + 1)),
            (TemplateMap a, TemplateMap b) => a.Entries.Count == b.Entries.Count
                && a.Entries.All(
                    entry => SameKeys(context, entry.Key) && b.TryGet(entry.Key, out var value)
                        && AreEqual(context, entry.Value, value, depth + 1)),
            (object a, object b) => ReferenceEquals(a, b),
            _ => false,
        };
    }

    /// <summary>Counts the look for a key; there is nothing that it would refuse.</summary>
    private static bool SameKeys(TemplateContext context, object key)
    {
        context.Spend((key as string)?.Length ?? 0);
        return true;
    }

    private static bool SameText(TemplateContext context, string one, string other)
    {
        context.Spend(one.Length == other.Length ? one.Length : 1);
        return one == other;
    }

    /// <summary>Below zero where the first comes before the second, as in Python.</summary>
    public static int Compare(TemplateContext context, object? one, object? other, int depth = 0)
    {
        context.Spend(1);
        TemplateContext.CheckNesting(depth);
        switch (Arithmetic(one), Arithmetic(other))
        {
            case (long a, long b):
                return a.CompareTo(b);
            case (long or double, long or double):
                return AsDouble(one).CompareTo(AsDouble(other));
            case (string a, string b):
                context.Spend(int.Min(a.Length, b.Length));
                return ComparePoints(a, b);
            case (TemplateList a, TemplateList b):
                foreach ((var first, var second) in a.Items.Zip(b.Items))
                {
                    if (!AreEqual(context, first, second, depth + 1))
                    {
                        return Compare(context, first, second, depth + 1);
                    }
                }

                return a.Items.Count.CompareTo(b.Items.Count);
            default:
                throw new TemplateException($"{TypeName(one)} and {TypeName(other)} have no order");
        }
    }

    /// <summary>Order by code points: units of surrogate pairs come after all others.</summary>
    private static int ComparePoints(string one, string other)
    {
        var same = one.AsSpan().CommonPrefixLength(other);
        if (same == one.Length || same == other.Length)
        {
            return one.Length.CompareTo(other.Length);
        }

        bool pair = char.IsSurrogate(one[same]), otherPair = char.IsSurrogate(other[same]);
        return pair == otherPair ? one[same].CompareTo(other[same]) : pair ? 1 : -1;
    }

    /// <summary>A number as a double.</summary>
    public static double AsDouble(object? value) => Arithmetic(value) switch
    {
        long whole => whole,
        double real => real,
        _ => throw new TemplateException($"{TypeName(value)} is no number"),
    };

    /// <summary>A whole number.</summary>
    public static long AsWhole(object? value) =>
        Arithmetic(value) is long whole ? whole : throw new TemplateException($"{TypeName(value)} is no whole number");

    /// <summary>The elements of a value that can be gone through: a list's, a text's characters, a mapping's keys.</summary>
    public static IReadOnlyList<object?> Elements(TemplateContext context, object? value)
    {
        switch (value)
        {
            case TemplateList list:
                return list.Items;
            case string text:
                context.SpendItems(text.Length);
                return [.. PythonText.Characters(text)];
            case TemplateMap map:
                context.SpendItems(map.Entries.Count);
                return [.. map.Entries.Keys];
            case Undefined:
                return [];
            default:
                throw new TemplateException($"{TypeName(value)} cannot be gone through");
        }
    }

    /// <summary>Number of elements.</summary>
    public static long Length(TemplateContext context, object? value)
    {
        switch (value)
        {
            case string text:
                context.Spend(text.Length);
                return PythonText.Length(text);
            case TemplateList list:
                return list.Items.Count;
            case TemplateMap map:
                return map.Entries.Count;
            case Undefined:
                return 0;
            default:
                throw new TemplateException($"{TypeName(value)} has no length");
        }
    }

    /// <summary>Whether a value is among another's elements, keys or parts.</summary>
    public static bool Contains(TemplateContext context, object? whole, object? part)
    {
        switch (whole)
        {
            case string text when part is string wanted:
                context.SpendSearch(text, wanted);
                return text.Contains(wanted, StringComparison.Ordinal);
            case TemplateList list:
                return list.Items.Any(item => AreEqual(context, item, part));
            case TemplateMap map:
                context.Spend((part as string)?.Length ?? 0);
                return map.TryGet(part, out _);
            case Undefined:
                return false;
            default:
                throw new TemplateException($"{TypeName(part)} cannot be looked for in {TypeName(whole)}");
        }
    }
}
