using LoRi.Math;

namespace LoRi.Training.Demo;

/// <summary>How a corpus's energy is spread over directions: whether trajectories are low-rank is measured, not assumed.</summary>
internal static class RankReport
{
    /// <summary>Both modes under each standardisation.</summary>
    public static IReadOnlyList<RankRow> Of(SharedSubspace subspace) =>
    [
        .. from name in StandardisationModule.all.Select(StandardisationModule.name)
           from mode in new[] { "layer", "hidden" }
           let spectrum = mode == "layer" ? subspace.Spectra[name].Layer : subspace.Spectra[name].Hidden
           select Row(name, mode, spectrum),
    ];

    private static RankRow Row(string standardise, string mode, double[] spectrum)
    {
        var effective = EffectiveRankModule.ofEigenvalues(spectrum);
        int At(double share) => EffectiveRankModule.atEnergy(share, spectrum);
        return new RankRow(
            standardise, mode, spectrum.Length, effective.EntropyRank, effective.Participation, At(0.9), At(0.95), At(0.99));
    }
}
