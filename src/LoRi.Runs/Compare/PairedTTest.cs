using MathNet.Numerics.Distributions;

namespace LoRi.Runs.Compare;

/// <summary>Student's t-test of paired differences first - second, such as accuracies of two methods under the same seeds.</summary>
/// <param name="MeanDifference">Mean of the differences.</param>
/// <param name="Deviation">Their unbiased deviation.</param>
/// <param name="DegreesOfFreedom">Pairs less one.</param>
public readonly record struct PairedTTest(double MeanDifference, double Deviation, int DegreesOfFreedom)
{
    /// <summary>A deviation this small beside the mean, or beside 1, is rounding.</summary>
    private const double Rounding = 1e-12;

    /// <summary>The test of at least two pairs.</summary>
    /// <param name="first">Values of the first side.</param>
    /// <param name="second">As many of the second, each beside its pair.</param>
    public static PairedTTest Of(IReadOnlyList<double> first, IReadOnlyList<double> second)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        ArgumentOutOfRangeException.ThrowIfLessThan(first.Count, 2, nameof(first));
        ArgumentOutOfRangeException.ThrowIfNotEqual(second.Count, first.Count, nameof(second));
        var differences = first.Zip(second, (a, b) => a - b).ToArray();
        var mean = differences.Average();
        var variance = differences.Sum(value => (value - mean) * (value - mean)) / (differences.Length - 1);
        return new PairedTTest(mean, System.Math.Sqrt(variance), differences.Length - 1);
    }

    private double StandardError => Deviation / System.Math.Sqrt(DegreesOfFreedom + 1);

    /// <summary>
    /// Whether the differences vary by more than rounding; where they do not, t and p tell nothing, however small the mean is.
    /// </summary>
    public bool Varies => Deviation > Rounding * System.Math.Max(1, System.Math.Abs(MeanDifference));

    /// <summary>The t statistic; infinite where all differences are the same but not zero, NaN where all are zero.</summary>
    public double T => MeanDifference / StandardError;

    /// <summary>Two-sided p.</summary>
    public double P => double.IsNaN(T) ? double.NaN : 2 * Tail(System.Math.Abs(T));

    /// <summary>One-sided p of "the first's mean is larger".</summary>
    public double PGreater => double.IsNaN(T) ? double.NaN : Tail(T);

    /// <summary>Interval of the mean difference at a level such as 0.95.</summary>
    /// <param name="level">Between 0 and 1.</param>
    public (double Low, double High) Interval(double level)
    {
        var half = StudentT.InvCDF(0, 1, DegreesOfFreedom, (1 + level) / 2) * StandardError;
        return (MeanDifference - half, MeanDifference + half);
    }

    /// <summary>P(T larger than t); by symmetry from the lower tail, which keeps its digits.</summary>
    private double Tail(double t) =>
        double.IsPositiveInfinity(t) ? 0 : double.IsNegativeInfinity(t) ? 1 : StudentT.CDF(0, 1, DegreesOfFreedom, -t);
}
