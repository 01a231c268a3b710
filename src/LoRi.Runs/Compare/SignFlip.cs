using System.Numerics;

namespace LoRi.Runs.Compare;

/// <summary>
/// The permutation test of paired differences by their signs (Fisher 1935): where the two are alike, every difference may as well have the
/// other sign. All assignments are counted, so that p is exact.
/// </summary>
internal static class SignFlip
{
    /// <summary>The most pairs whose assignments are all counted.</summary>
    public const int MostPairs = 24;

    /// <summary>One-sided p of "the mean is larger than 0": the share of assignments whose sum is at least the one found.</summary>
    /// <param name="differences">Differences, from one to <see cref="MostPairs"/>.</param>
    public static double PGreater(IReadOnlyList<double> differences)
    {
        ArgumentNullException.ThrowIfNull(differences);
        ArgumentOutOfRangeException.ThrowIfZero(differences.Count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(differences.Count, MostPairs);

        // Sums that differ by rounding alone are the same.
        var unit = 1e-12 * System.Math.Max(1e-300, differences.Sum(System.Math.Abs));
        var found = System.Math.Round(differences.Sum() / unit);
        var (count, all) = (0L, 1L << differences.Count);
        var sum = -differences.Sum();
        for (var assignment = 0L; assignment < all; assignment++)
        {
            // In Gray's order one sign changes at a time.
            if (assignment > 0)
            {
                var changed = BitOperations.TrailingZeroCount(assignment);
                var positive = (((assignment ^ (assignment >> 1)) >> changed) & 1) == 1;
                sum += (positive ? 2 : -2) * differences[changed];
            }

            count += System.Math.Round(sum / unit) >= found ? 1 : 0;
        }

        return (double)count / all;
    }
}
