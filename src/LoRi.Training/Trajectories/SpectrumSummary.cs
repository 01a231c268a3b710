using LoRi.Math;

namespace LoRi.Training.Trajectories;

/// <summary>How many directions a spectrum of energies fills.</summary>
/// <param name="EntropyRank">The exponential of the entropy of the eigenvalues' shares.</param>
/// <param name="Participation">The square of their sum over the sum of their squares.</param>
/// <param name="Cumulative">The share of the energy that the first 1, 2, ... directions hold.</param>
public sealed record SpectrumSummary(double EntropyRank, double Participation, IReadOnlyList<double> Cumulative)
{
    /// <summary>The summary of descending eigenvalues; those below zero are rounding and count as zero.</summary>
    public static SpectrumSummary Of(IReadOnlyList<double> eigenvalues)
    {
        ArgumentNullException.ThrowIfNull(eigenvalues);
        var positive = eigenvalues.Select(value => System.Math.Max(value, 0)).ToArray();
        var total = positive.Sum();
        if (total == 0)
        {
            return new SpectrumSummary(0, 0, new double[positive.Length]);
        }

        var shares = positive.Select(value => value / total).ToArray();
        var entropy = -shares.Where(share => share > 0).Sum(share => share * System.Math.Log(share));
        var sum = 0.0;
        var cumulative = positive.Select(value => (sum += value) / total).ToArray();
        return new SpectrumSummary(System.Math.Exp(entropy), 1 / shares.Sum(share => share * share), cumulative);
    }

    /// <summary>The smallest rank that keeps a share of the energy.</summary>
    public static int RankAt(double share, IReadOnlyList<double> eigenvalues) =>
        SharedSubspaceModule.rankForEnergy(share, [.. eigenvalues]);
}
