namespace LoRi.Runs.Scoring;

/// <summary>Wilson's interval for a share, without continuity correction, at 95 %.</summary>
/// <param name="Low">Lower end; exactly 0 where nothing is correct.</param>
/// <param name="High">Upper end; exactly 1 where everything is correct.</param>
public readonly record struct WilsonInterval(double Low, double High)
{
    private const double NormalQuantile = 1.959963984540054;

    /// <summary>
    /// The interval for <paramref name="correct"/> successes of <paramref name="examples"/>; without examples it is all
    /// of 0 to 1. Source: Wilson 1927, equation of page 209 solved for the share.
    /// </summary>
    /// <param name="correct">How many were right.</param>
    /// <param name="examples">How many there were, at least one.</param>
    public static WilsonInterval Of(int correct, int examples)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(correct);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(correct, examples);
        if (examples == 0)
        {
            return new WilsonInterval(0, 1);
        }

        var (n, share, square) = ((double)examples, (double)correct / examples, NormalQuantile * NormalQuantile);
        var scale = 1 + (square / n);
        var centre = (share + (square / (2 * n))) / scale;
        var half = NormalQuantile / scale * System.Math.Sqrt((share * (1 - share) / n) + (square / (4 * n * n)));
        return new WilsonInterval(correct == 0 ? 0 : centre - half, correct == examples ? 1 : centre + half);
    }
}
