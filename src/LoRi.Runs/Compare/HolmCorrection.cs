namespace LoRi.Runs.Compare;

/// <summary>Holm's step-down correction of several tests (Holm 1979): controls the chance of any false finding.</summary>
internal static class HolmCorrection
{
    /// <summary>Adjusted p-values in the order given, each at most 1.</summary>
    public static double[] Adjust(IReadOnlyList<double> p)
    {
        ArgumentNullException.ThrowIfNull(p);
        var adjusted = new double[p.Count];
        var largest = 0.0;
        var order = Enumerable.Range(0, p.Count).OrderBy(index => p[index]).ToArray();
        for (var rank = 0; rank < order.Length; rank++)
        {
            largest = System.Math.Max(largest, System.Math.Min(1, (p.Count - rank) * p[order[rank]]));
            adjusted[order[rank]] = largest;
        }

        return adjusted;
    }
}
