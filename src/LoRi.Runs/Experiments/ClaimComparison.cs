using LoRi.Runs.Compare;

namespace LoRi.Runs.Experiments;

/// <summary>A claim's verdict.</summary>
internal enum Verdict
{
    /// <summary>There are too few cells, or they do not tell.</summary>
    Undecided,

    /// <summary>It holds.</summary>
    Confirmed,

    /// <summary>It does not hold.</summary>
    Refuted,

    /// <summary>The teacher does not solve the task, so that it says nothing.</summary>
    Out,
}

/// <summary>Two methods compared over the same seeds, for one claim.</summary>
/// <param name="Task">The task.</param>
/// <param name="Group">Model, budget and what is varied.</param>
/// <param name="First">The claim's method.</param>
/// <param name="Other">The other.</param>
/// <param name="Seeds">Seeds that both have.</param>
internal sealed record ClaimComparison(string Task, string Group, string First, string Other, int Seeds)
{
    /// <summary>Mean of the first.</summary>
    public double FirstMean { get; init; } = double.NaN;

    /// <summary>Mean of the other.</summary>
    public double OtherMean { get; init; } = double.NaN;

    /// <summary>Mean difference over seeds; of a trend the mean slope.</summary>
    public double Effect { get; init; } = double.NaN;

    /// <summary>95 % interval of it, from Student's t over seeds.</summary>
    public (double Low, double High) Interval { get; init; } = (double.NaN, double.NaN);

    /// <summary>The same from the bootstrap over seeds and questions; null for a trend.</summary>
    public (double Low, double High)? Bootstrap { get; init; }

    /// <summary>McNemar's exact p of each seed, which is shown and decides nothing; none for a trend.</summary>
    public IReadOnlyList<double> McNemar { get; init; } = [];

    /// <summary>p of the claim's test; null where there is none.</summary>
    public double? P { get; init; }

    /// <summary>The same after Holm's correction within the claim.</summary>
    public double? AdjustedP { get; init; }

    /// <summary>What follows.</summary>
    public Verdict Verdict { get; init; }

    /// <summary>What is to be said beside it.</summary>
    public string Note { get; init; } = "";
}

/// <summary>The numbers of a comparison, from the results of both methods seed by seed.</summary>
internal static class ClaimStatistics
{
    private const double Level = 0.95;

    /// <summary>What p must stay below.</summary>
    public const double Significant = 0.05;

    private const int Resamples = 2_000;

    /// <summary>Compares; a comparison of fewer than two seeds has means alone.</summary>
    public static ClaimComparison Of(
        MatrixClaim claim, ClaimComparison empty, IReadOnlyList<(CellResult First, CellResult Other)> pairs)
    {
        Paired[] counted = [.. pairs.Select(pair => Marked(pair.First, pair.Other, claim.Metric)).OfType<Paired>()];
        if (counted.Length == 0)
        {
            return empty with { Seeds = 0, Note = "no cells yet" };
        }

        var (first, other) = (counted.Select(pair => Share(pair.First)).ToArray(), counted.Select(pair => Share(pair.Other)).ToArray());
        var found = empty with { Seeds = counted.Length, FirstMean = first.Average(), OtherMean = other.Average() };
        var isTrend = claim.Test == ClaimTest.Trend;
        if (isTrend && counted.Any(pair => pair.ByStratum.Length < 2))
        {
            return found with { Note = "one length has no trend" };
        }

        (first, other) = isTrend ? ([.. counted.Select(pair => Trend.Slope(pair.ByStratum))], new double[counted.Length]) : (first, other);
        double[] differences = [.. first.Zip(other, (one, two) => one - two)];
        found = found with { Effect = differences.Average() };
        if (counted.Length < 2)
        {
            return found with { Note = "one seed decides nothing" };
        }

        var paired = PairedTTest.Of(first, other);
        return found with
        {
            Interval = paired.Varies ? paired.Interval(Level) : (paired.MeanDifference, paired.MeanDifference),
            Bootstrap = isTrend ? null
                : TwoLevelBootstrap.Interval(
                    [.. counted.Select(pair => pair.First)], [.. counted.Select(pair => pair.Other)], Level, Resamples, 0),
            McNemar = isTrend ? [] : [.. counted.Select(pair => new McNemar(
                pair.First.Zip(pair.Other).Count(mark => mark is (true, false)),
                pair.First.Zip(pair.Other).Count(mark => mark is (false, true))).ExactP)],
            P = P(claim, first, other, differences, paired),
        };
    }

    /// <summary>The verdict of a comparison whose p is adjusted.</summary>
    public static Verdict Decide(MatrixClaim claim, ClaimComparison found)
    {
        if (found.AdjustedP is not { } p || !double.IsFinite(found.Interval.Low))
        {
            return Verdict.Undecided;
        }

        var (low, high) = found.Interval;
        return claim.Test == ClaimTest.Equivalence
            ? p < Significant ? Verdict.Confirmed : low > claim.Margin || high < -claim.Margin ? Verdict.Refuted : Verdict.Undecided
            : low > claim.Margin && p < Significant ? Verdict.Confirmed
            : high <= claim.Margin ? Verdict.Refuted
            : Verdict.Undecided;
    }

    private static double? P(MatrixClaim claim, double[] first, double[] other, double[] differences, PairedTTest paired)
    {
        double[] beyond = [.. differences.Select(difference => difference - claim.Margin)];
        double Flipped() => differences.Length <= SignFlip.MostPairs ? SignFlip.PGreater(beyond) : double.NaN;
        var p = claim.Test switch
        {
            ClaimTest.Equivalence when paired.Varies => Equivalence.P(first, other, claim.Margin),
            ClaimTest.Equivalence => System.Math.Abs(paired.MeanDifference) < claim.Margin ? 0 : 1,
            ClaimTest.PairedT when paired.Varies =>
                PairedTTest.Of([.. first.Select(value => value - claim.Margin)], other).PGreater,
            _ => Flipped(),
        };
        return double.IsNaN(p) ? null : p;
    }

    private static double Share(bool[] marks) => (double)marks.Count(mark => mark) / marks.Length;

    /// <summary>A seed's two cells where both have the metric's questions; null where they do not.</summary>
    private static Paired? Marked(CellResult first, CellResult other, string metric) =>
        ClaimMetric.Marks(first, metric) is { } one && ClaimMetric.Marks(other, metric) is { } two && one.Length == two.Length
            ? new Paired(one, two, [.. first.Strata.Zip(other.Strata, (a, b) => Share(a) - Share(b))])
            : null;

    private static double Share(StratumResult stratum) => (double)stratum.Correct / stratum.Examples;

    /// <summary>The marks that a seed's two cells are compared by, and the difference of their shares from stratum to stratum.</summary>
    private sealed record Paired(bool[] First, bool[] Other, double[] ByStratum);
}
