using LoRi.Math;
using LoRi.Math.Fluent;

namespace LoRi.Runs.Demo;

/// <summary>How a corpus's energy is spread over directions: whether trajectories are low-rank is measured, not assumed.</summary>
internal static class RankReport
{
    /// <summary>Both modes under each standardisation.</summary>
    public static IReadOnlyList<RankRow> Of(FittedSubspace subspace) =>
    [
        .. from standardisation in Spectra.Standardisations
           from mode in new[] { "layer", "hidden" }
           let spectrum = mode == "layer" ? subspace.Spectra[standardisation].Layer : subspace.Spectra[standardisation].Hidden
           select Row(Spectra.Name(standardisation), mode, spectrum),
    ];

    private static RankRow Row(string standardise, string mode, double[] spectrum)
    {
        var effective = Spectra.EffectiveRank(spectrum);
        int At(double share) => Spectra.RankAtEnergy(share, spectrum);
        return new RankRow(
            standardise, mode, spectrum.Length, effective.EntropyRank, effective.Participation, At(0.9), At(0.95), At(0.99));
    }
}
