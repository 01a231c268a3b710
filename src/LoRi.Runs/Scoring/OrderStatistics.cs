namespace LoRi.Runs.Scoring;

/// <summary>Quantiles of some values.</summary>
internal static class OrderStatistics
{
    /// <summary>The quantile that interpolates linearly between order statistics.</summary>
    /// <param name="sorted">The values in rising order, one at least.</param>
    /// <param name="share">From 0, the smallest, to 1, the largest.</param>
    public static double Quantile(IReadOnlyList<double> sorted, double share)
    {
        ArgumentNullException.ThrowIfNull(sorted);
        ArgumentOutOfRangeException.ThrowIfZero(sorted.Count, nameof(sorted));
        var position = share * (sorted.Count - 1);
        var below = (int)System.Math.Floor(position);
        var above = System.Math.Min(below + 1, sorted.Count - 1);
        return sorted[below] + ((position - below) * (sorted[above] - sorted[below]));
    }

    /// <summary>The median, of an even number of values the larger of the two in the middle; 0 where there are none.</summary>
    public static double UpperMedian(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length == 0 ? 0 : sorted[sorted.Length / 2];
    }
}
