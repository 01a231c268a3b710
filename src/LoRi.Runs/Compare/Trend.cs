namespace LoRi.Runs.Compare;

/// <summary>How values grow along a line of steps.</summary>
internal static class Trend
{
    /// <summary>The least-squares slope of values at 1, 2, 3, ...</summary>
    /// <param name="values">Two values or more.</param>
    public static double Slope(IReadOnlyList<double> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        ArgumentOutOfRangeException.ThrowIfLessThan(values.Count, 2, nameof(values));
        var middle = (values.Count - 1) / 2.0;
        var (products, squares) = (0.0, 0.0);
        for (var index = 0; index < values.Count; index++)
        {
            products += (index - middle) * values[index];
            squares += (index - middle) * (index - middle);
        }

        return products / squares;
    }
}
