using LoRi.Math;
using LoRi.Math.Fluent;

namespace LoRi.Runs.LowRank;

/// <summary>How a corpus's energy is spread over directions: whether trajectories are low-rank is measured, not assumed.</summary>
public static class RankReport
{
    /// <summary>Both modes under each standardisation whose spectra the subspace has.</summary>
    /// <param name="subspace">The fitted subspace, with its spectra.</param>
    public static IReadOnlyList<RankRow> Of(FittedSubspace subspace)
    {
        ArgumentNullException.ThrowIfNull(subspace);
        return
        [
            .. from standardisation in Spectra.Standardisations.Where(subspace.Spectra.ContainsKey)
               from row in Of(Spectra.Name(standardisation), subspace.Spectra[standardisation]) select row,
        ];
    }

    /// <summary>Both modes under one standardisation.</summary>
    internal static IEnumerable<RankRow> Of(string standardise, Spectrum spectrum) =>
        [Row(standardise, "layer", spectrum.Layer), Row(standardise, "hidden", spectrum.Hidden)];

    private static RankRow Row(string standardise, string mode, double[] spectrum)
    {
        var effective = Spectra.EffectiveRank(spectrum);
        int At(double share) => Spectra.RankAtEnergy(share, spectrum);
        return new RankRow(
            standardise, mode, spectrum.Length, effective.EntropyRank, effective.Participation, At(0.9), At(0.95), At(0.99));
    }
}
