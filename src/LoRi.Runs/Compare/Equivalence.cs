namespace LoRi.Runs.Compare;

/// <summary>
/// Two one-sided t-tests (Schuirmann 1987): the mean of paired differences lies within a margin around 0 where it is neither below the one
/// end nor above the other.
/// </summary>
internal static class Equivalence
{
    /// <summary>The larger p of the two; NaN where the differences do not vary.</summary>
    /// <param name="first">Values of the first, one a pair.</param>
    /// <param name="second">Values of the second, in the same order.</param>
    /// <param name="margin">The difference that counts as none.</param>
    public static double P(IReadOnlyList<double> first, IReadOnlyList<double> second, double margin)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(margin);
        var above = PairedTTest.Of([.. first.Select(value => value + margin)], second);
        var below = PairedTTest.Of([.. second.Select(value => value + margin)], first);
        return above.Varies ? System.Math.Max(above.PGreater, below.PGreater) : double.NaN;
    }
}
