using LoRi.Models;
using LoRi.Runs.Scoring;
using MathNet.Numerics.Distributions;

namespace LoRi.Runs.Compare;

/// <summary>Which interval is taken from the resamples.</summary>
internal enum BootstrapInterval
{
    /// <summary>Quantiles of the resamples.</summary>
    Percentile,

    /// <summary>Twice the estimate minus those, swapped.</summary>
    Basic,

    /// <summary>Bias-corrected and accelerated (Efron 1987).</summary>
    BCa,
}

/// <summary>
/// The bootstrap of mean(first) - mean(second) over pairs (Efron and Tibshirani 1993): each resample draws pairs with replacement.
/// </summary>
internal sealed class PairedBootstrap
{
    private readonly double[] differences;
    private readonly double[] sorted;

    /// <summary>Resamples pairs.</summary>
    /// <param name="first">Values of the first, one a pair.</param>
    /// <param name="second">Values of the second, in the same order.</param>
    /// <param name="resamples">How often.</param>
    /// <param name="seed">Seed of <see cref="SeededRandom.Published"/>.</param>
    public PairedBootstrap(IReadOnlyList<double> first, IReadOnlyList<double> second, int resamples, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        ArgumentOutOfRangeException.ThrowIfZero(first.Count, nameof(first));
        ArgumentOutOfRangeException.ThrowIfNotEqual(second.Count, first.Count, nameof(second));
        ArgumentOutOfRangeException.ThrowIfLessThan(resamples, 2);
        differences = [.. first.Zip(second, (a, b) => a - b)];
        Difference = differences.Sum() / differences.Length;
        var random = SeededRandom.Published(seed);
        Resamples = [.. Enumerable.Range(0, resamples).Select(_ => Resample(random))];
        sorted = [.. Resamples.Order()];
    }

    /// <summary>mean(first) - mean(second).</summary>
    public double Difference { get; }

    /// <summary>The difference of every resample, in the order drawn.</summary>
    public IReadOnlyList<double> Resamples { get; }

    /// <summary>Unbiased deviation of the resamples.</summary>
    public double StandardError
    {
        get
        {
            var mean = Resamples.Average();
            return System.Math.Sqrt(Resamples.Sum(value => (value - mean) * (value - mean)) / (Resamples.Count - 1));
        }
    }

    /// <summary>The bias correction z0 of <see cref="BootstrapInterval.BCa"/>.</summary>
    public double Bias => Normal.InvCDF(
        0, 1, (Resamples.Count(value => value < Difference) + Resamples.Count(value => value <= Difference)) / (2.0 * Resamples.Count));

    /// <summary>The acceleration of <see cref="BootstrapInterval.BCa"/>, from the jackknife over pairs; NaN where nothing varies.</summary>
    public double Acceleration
    {
        get
        {
            double n = differences.Length;
            var sum = differences.Sum();
            var jackknife = differences.Select(value => (sum - value) / (n - 1)).ToArray();
            var mean = jackknife.Average();
            var u = jackknife.Select(value => (n - 1) * (mean - value)).ToArray();
            var cubes = u.Sum(value => value * value * value) / (n * n * n);
            var squares = u.Sum(value => value * value) / (n * n);
            return cubes / (6 * System.Math.Pow(squares, 1.5));
        }
    }

    /// <summary>
    /// The interval of the difference at a level such as 0.95; NaN where <see cref="BootstrapInterval.BCa"/> is not defined.
    /// </summary>
    public (double Low, double High) Interval(double level, BootstrapInterval kind)
    {
        var (low, high) = ((1 - level) / 2, (1 + level) / 2);
        switch (kind)
        {
            case BootstrapInterval.Percentile:
                return (Quantile(low), Quantile(high));
            case BootstrapInterval.Basic:
                return ((2 * Difference) - Quantile(high), (2 * Difference) - Quantile(low));
            default:
                var (bias, acceleration) = (Bias, Acceleration);
                return (Quantile(Adjusted(low, bias, acceleration)), Quantile(Adjusted(high, bias, acceleration)));
        }
    }

    private static double Adjusted(double probability, double bias, double acceleration)
    {
        var z = bias + Normal.InvCDF(0, 1, probability);
        return Normal.CDF(0, 1, bias + (z / (1 - (acceleration * z))));
    }

    private double Resample(SeededRandom random)
    {
        var sum = 0.0;
        for (var i = 0; i < differences.Length; i++)
        {
            sum += differences[random.BelowByUpperHalf((uint)differences.Length)];
        }

        return sum / differences.Length;
    }

    /// <summary>A quantile of the resamples; NaN where the share is none.</summary>
    private double Quantile(double share) => double.IsFinite(share) ? OrderStatistics.Quantile(sorted, share) : double.NaN;
}
