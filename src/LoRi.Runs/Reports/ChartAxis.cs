using System.Globalization;

namespace LoRi.Runs.Reports;

/// <summary>An axis: its range and its ticks. On a logarithmic one, positions are those of the decimal logarithm.</summary>
/// <param name="Low">Left or lower end, in values.</param>
/// <param name="High">Right or upper end, in values; larger than <paramref name="Low"/>.</param>
/// <param name="IsLogarithmic">Whether equal distances are equal ratios.</param>
/// <param name="Ticks">Values that are marked.</param>
internal sealed record ChartAxis(double Low, double High, bool IsLogarithmic, IReadOnlyList<double> Ticks)
{
    private const int Intervals = 5;

    /// <summary>An axis of whole numbers, such as steps or ranks: it ends where the data do.</summary>
    public static ChartAxis OfCounts(double low, double high)
    {
        (low, high) = high > low ? (low, high) : (low - 1, high + 1);
        var step = System.Math.Max(1, Step((high - low) / Intervals));
        var first = (long)System.Math.Ceiling(low / step);
        var last = (long)System.Math.Floor(high / step);
        return new ChartAxis(low, high, false, [.. Enumerable.Range(0, (int)(last - first) + 1).Select(i => (first + i) * step)]);
    }

    /// <summary>An axis of measurements, with ticks at round values and at its ends.</summary>
    public static ChartAxis Of(double low, double high, bool logarithmic)
    {
        if (logarithmic)
        {
            return new ChartAxis(low / 1.2, high * 1.2, true, Decades(low, high));
        }

        if (high - low <= 1e-12 * System.Math.Max(System.Math.Abs(low), System.Math.Abs(high)))
        {
            var around = low == 0 ? 1 : System.Math.Abs(low) / 2;
            (low, high) = (low - around, high + around);
        }

        var step = Step((high - low) / Intervals);
        var first = (long)System.Math.Floor((low / step) + 1e-9);
        var last = (long)System.Math.Ceiling((high / step) - 1e-9);
        return new ChartAxis(first * step, last * step, false,
            [.. Enumerable.Range(0, (int)(last - first) + 1).Select(i => (first + i) * step)]);
    }

    /// <summary>Where a value is, from 0 at the low end to 1 at the high one.</summary>
    public double Position(double value) => IsLogarithmic
        ? (System.Math.Log(value) - System.Math.Log(Low)) / (System.Math.Log(High) - System.Math.Log(Low))
        : (value - Low) / (High - Low);

    /// <summary>A tick's text.</summary>
    public static string Text(double tick)
    {
        var size = System.Math.Abs(tick);
        return size != 0 && (size < 1e-3 || size >= 1e6)
            ? tick.ToString("0.##e+0", CultureInfo.InvariantCulture)
            : System.Math.Round(tick, 6).ToString(size >= 10_000 ? "#,0" : "0.######", CultureInfo.InvariantCulture);
    }

    /// <summary>The next round number, 1, 2 or 5 times a power of ten, that is at least <paramref name="rough"/>.</summary>
    private static double Step(double rough)
    {
        var power = System.Math.Pow(10, System.Math.Floor(System.Math.Log10(rough)));
        return power * new[] { 1.0, 2, 5, 10 }.First(factor => factor * power >= rough * (1 - 1e-9));
    }

    /// <summary>Powers of ten, or where they would be few, 1, 2 and 5 times them, or where many, some of them.</summary>
    private static double[] Decades(double low, double high)
    {
        var (first, last) = ((int)System.Math.Floor(System.Math.Log10(low)), (int)System.Math.Ceiling(System.Math.Log10(high)));
        double[] factors = last - first <= 3 ? [1, 2, 5] : [1];
        var every = System.Math.Max(1, (last - first) / 6);
        return
        [
            .. from exponent in Enumerable.Range(first, last - first + 1)
               where (exponent - last) % every == 0
               from factor in factors
               let value = factor * System.Math.Pow(10, exponent)
               where value >= low / 1.2 && value <= high * 1.2
               select value,
        ];
    }
}
