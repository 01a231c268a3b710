using System.Text;

namespace LoRi.Jinja;

/// <summary><c>not a</c>.</summary>
internal sealed class NotExpression(TemplateExpression operand) : TemplateExpression
{
    /// <inheritdoc/>
    protected override object? Compute(TemplateContext context) => !TemplateValues.IsTrue(operand.Evaluate(context));
}

/// <summary><c>a and b</c>, <c>a or b</c>: the operand that decides.</summary>
internal sealed class LogicExpression(TemplateExpression left, TemplateExpression right, bool isAnd) : TemplateExpression
{
    /// <inheritdoc/>
    protected override object? Compute(TemplateContext context)
    {
        var first = left.Evaluate(context);
        return TemplateValues.IsTrue(first) == isAnd ? right.Evaluate(context) : first;
    }
}

/// <summary><c>a if condition else b</c>; undefined where there is no else.</summary>
internal sealed class ConditionExpression(TemplateExpression then, TemplateExpression condition, TemplateExpression? otherwise)
    : TemplateExpression
{
    /// <inheritdoc/>
    protected override object? Compute(TemplateContext context) => TemplateValues.IsTrue(condition.Evaluate(context))
        ? then.Evaluate(context)
        : otherwise is null ? new Undefined("the missing else") : otherwise.Evaluate(context);
}

/// <summary><c>a ~ b</c>: texts one after the other.</summary>
internal sealed class ConcatExpression(IReadOnlyList<TemplateExpression> parts) : TemplateExpression
{
    /// <inheritdoc/>
    protected override object? Compute(TemplateContext context)
    {
        StringBuilder whole = new();
        foreach (var part in parts)
        {
            var text = TemplateText.Of(context, part.Evaluate(context));
            context.Spend(text.Length);
            whole.Append(text);
        }

        return whole.ToString();
    }
}

/// <summary>Comparisons in a row, each with the one before: <c>a &lt; b &lt;= c</c>.</summary>
internal sealed class CompareExpression(TemplateExpression first, IReadOnlyList<(string Operator, TemplateExpression Operand)> rest)
    : TemplateExpression
{
    /// <inheritdoc/>
    protected override object? Compute(TemplateContext context)
    {
        var left = first.Evaluate(context);
        foreach ((var symbol, var operand) in rest)
        {
            var right = operand.Evaluate(context);
            if (!Holds(context, symbol, left, right))
            {
                return false;
            }

            left = right;
        }

        return true;
    }

    /// <summary>One comparison.</summary>
    public static bool Holds(TemplateContext context, string symbol, object? left, object? right) => symbol switch
    {
        "==" => TemplateValues.AreEqual(context, left, right),
        "!=" => !TemplateValues.AreEqual(context, left, right),
        "in" => TemplateValues.Contains(context, right, left),
        "not in" => !TemplateValues.Contains(context, right, left),
        "<" => TemplateValues.Compare(context, left, right) < 0,
        "<=" => TemplateValues.Compare(context, left, right) <= 0,
        ">" => TemplateValues.Compare(context, left, right) > 0,
        _ => TemplateValues.Compare(context, left, right) >= 0,
    };
}

/// <summary><c>-a</c> and <c>+a</c>.</summary>
internal sealed class SignExpression(TemplateExpression operand, bool negative) : TemplateExpression
{
    /// <inheritdoc/>
    protected override object? Compute(TemplateContext context) => TemplateValues.Arithmetic(operand.Evaluate(context)) switch
    {
        long whole => (object)(negative ? ArithmeticExpression.Checked(() => checked(-whole)) : whole),
        double real => negative ? -real : real,
        var other => throw new TemplateException($"{TemplateValues.TypeName(other)} has no sign"),
    };
}

/// <summary>Arithmetic, and what <c>+</c>, <c>*</c> and <c>%</c> mean for texts and lists.</summary>
internal sealed class ArithmeticExpression(string symbol, TemplateExpression left, TemplateExpression right) : TemplateExpression
{
    /// <inheritdoc/>
    protected override object? Compute(TemplateContext context)
    {
        object? one = TemplateValues.Arithmetic(left.Evaluate(context)), other = TemplateValues.Arithmetic(right.Evaluate(context));
        return (symbol, one, other) switch
        {
            ("/", long or double, long or double) => TemplateValues.AsDouble(one) / NotZero(TemplateValues.AsDouble(other)),
            (_, long a, long b) => Whole(a, b),
            (_, long or double, long or double) => Real(TemplateValues.AsDouble(one), TemplateValues.AsDouble(other)),
            ("+", string a, string b) => Join(context, a, b),
            ("+", TemplateList a, TemplateList b) when a.IsTuple == b.IsTuple => Join(context, a, b),
            ("*", string a, long times) => Repeat(context, a, times),
            ("*", long times, string a) => Repeat(context, a, times),
            ("%", string a, _) => TemplateFormat.Format(context, a, other is TemplateList { IsTuple: true } tuple ? tuple.Items : [other]),
            _ => throw new TemplateException($"{TemplateValues.TypeName(one)} {symbol} {TemplateValues.TypeName(other)} has no meaning"),
        };
    }

    /// <summary>Whole arithmetic that must stay within 64 bits.</summary>
    public static long Checked(Func<long> compute)
    {
        try
        {
            return compute();
        }
        catch (OverflowException)
        {
            throw new TemplateException("a whole number becomes too large");
        }
    }

    private object Whole(long one, long other) => symbol == "**" && other < 0 ? System.Math.Pow(one, other) : (object)(symbol switch
    {
        "+" => Checked(() => checked(one + other)),
        "-" => Checked(() => checked(one - other)),
        "*" => Checked(() => checked(one * other)),
        "//" => Checked(() => checked(one / NotZero(other)) - (other != -1 && Remainder(one, other) != one % other ? 1 : 0)),
        "%" => Remainder(one, NotZero(other)),
        _ => Checked(() => Power(one, other)),
    });

    /// <summary>The remainder with the sign of the divisor.</summary>
    private static long Remainder(long one, long other)
    {
        var rest = other == -1 ? 0 : one % other;
        return rest != 0 && (rest < 0) != (other < 0) ? rest + other : rest;
    }

    private static long Power(long one, long other)
    {
        if (one is 0 or 1 or -1)
        {
            return other == 0 || one == 1 || (one == -1 && other % 2 == 0) ? 1 : one;
        }

        long power = 1;
        for (long i = 0; i < other; i++)
        {
            power = checked(power * one);
        }

        return power;
    }

    private double Real(double one, double other) => symbol switch
    {
        "+" => one + other,
        "-" => one - other,
        "*" => one * other,
        "//" => System.Math.Floor(one / NotZero(other)),
        "%" => one - (System.Math.Floor(one / NotZero(other)) * other),
        _ => System.Math.Pow(one, other),
    };

    private static long NotZero(long value) => value != 0 ? value : throw new TemplateException("a division by zero");

    private static double NotZero(double value) => value != 0 ? value : throw new TemplateException("a division by zero");

    private static string Join(TemplateContext context, string one, string other)
    {
        context.Spend(one.Length + (long)other.Length);
        return one + other;
    }

    private static TemplateList Join(TemplateContext context, TemplateList one, TemplateList other)
    {
        context.SpendItems(one.Items.Count + (long)other.Items.Count);
        return one with { Items = [.. one.Items, .. other.Items] };
    }

    private static string Repeat(TemplateContext context, string text, long times)
    {
        var count = System.Math.Clamp(times, 0, int.MaxValue);
        context.Spend(text.Length * count);
        return new StringBuilder().Insert(0, text, (int)count).ToString();
    }
}
