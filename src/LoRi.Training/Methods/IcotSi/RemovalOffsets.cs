using LoRi.Models;

namespace LoRi.Training.Methods.IcotSi;

/// <summary>
/// Tokens that are removed from a row beyond the schedule, so that its steps are less abrupt: with smoothing lambda, o of them with
/// probability (1 - exp(-lambda)) exp(-lambda o), up to 100, the last of which takes what is left.
/// </summary>
/// <param name="lambda">Smoothing; infinity for none.</param>
internal sealed class RemovalOffsets(double lambda)
{
    private const int Most = 100;

    /// <summary>The probability of every offset from 0 on.</summary>
    public IReadOnlyList<double> Probabilities { get; } = Distribution(lambda);

    /// <summary>An offset.</summary>
    public int Draw(SeededRandom random)
    {
        ArgumentNullException.ThrowIfNull(random);
        if (double.IsPositiveInfinity(lambda))
        {
            return 0;
        }

        var (left, offset) = (random.Uniform(), 0);
        while (offset < Probabilities.Count - 1 && left >= Probabilities[offset])
        {
            left -= Probabilities[offset++];
        }

        return offset;
    }

    private static double[] Distribution(double lambda)
    {
        double[] all = [.. Enumerable.Range(0, Most).Select(offset => (1 - System.Math.Exp(-lambda)) * System.Math.Exp(-lambda * offset))];
        all[^1] += 1 - all.Sum();
        return all;
    }
}
