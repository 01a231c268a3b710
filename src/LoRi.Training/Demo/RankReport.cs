using LoRi.Math;

namespace LoRi.Training.Demo;

/// <summary>How a corpus's energy is spread over directions: whether trajectories are low-rank is measured, not assumed.</summary>
internal static class RankReport
{
    /// <summary>Both modes under each standardisation.</summary>
    public static IReadOnlyList<RankRow> Of(SharedSubspace subspace) =>
    [
        .. from name in new[] { "full", "scale", "none" }
           from mode in new[] { "layer", "hidden" }
           let spectrum = mode == "layer" ? subspace.Spectra[name].Layer : subspace.Spectra[name].Hidden
           select Row(name, mode, spectrum),
    ];

    private static RankRow Row(string standardise, string mode, double[] spectrum)
    {
        var positive = spectrum.Where(value => value > 0).ToArray();
        var total = positive.Sum();
        var entropy = -positive.Sum(value => value / total * System.Math.Log(value / total));
        var participation = total * total / positive.Sum(value => value * value);
        return new RankRow(
            standardise, mode, spectrum.Length, System.Math.Exp(entropy), participation, Rank(spectrum, 0.9), Rank(spectrum, 0.95), Rank(spectrum, 0.99));
    }

    private static int Rank(double[] spectrum, double share) => SharedSubspaceModule.rankForEnergy(share, spectrum);
}
