using LoRi.Math;
using LoRi.Math.Fluent;

namespace LoRi.Runs.Reports;

/// <summary>
/// How low-rank trajectories are: spectra, energy by rank and effective ranks, for both modes under every standardisation.
/// </summary>
internal static class SpectrumCharts
{
    private static readonly double[] Shares = [0.9, 0.95, 0.99];
    private static readonly string[] Modes = ["layer", "hidden"];

    /// <summary>The headers of <see cref="Rows"/>.</summary>
    public static IReadOnlyList<string> Headers { get; } =
        ["run", "mode", "standardisation", "size", "rank used", "entropy rank", "participation", "rank for 90 %", "95 %", "99 %"];

    /// <summary>Four charts: the spectrum and the energy kept by rank, of the layer and of the hidden mode.</summary>
    public static IEnumerable<Chart> Of(IReadOnlyList<(string Run, FittedSubspace Subspace)> subspaces)
    {
        foreach (var mode in Modes)
        {
            yield return new Chart($"Spectrum of the {mode} mode", "rank", "share of the energy", Series(subspaces, mode, Spectrum));
            yield return new Chart($"Energy kept by the {mode} mode", "rank", "energy kept (%)",
                Series(subspaces, mode, Kept))
            { FromZero = true };
        }
    }

    /// <summary>One row for each run, mode and standardisation.</summary>
    public static IEnumerable<IReadOnlyList<string>> Rows(IReadOnlyList<(string Run, FittedSubspace Subspace)> subspaces) =>
        from subspace in subspaces
        from mode in Modes
        from standardisation in Spectra.Standardisations
        let values = Eigenvalues(subspace.Subspace, standardisation, mode)
        let effective = EffectiveRankModule.ofEigenvalues(values)
        let used = mode == "layer" ? subspace.Subspace.LayerRank : subspace.Subspace.HiddenRank
        select (string[])
        [
            subspace.Run, mode, Spectra.Name(standardisation), $"{values.Length}",
            standardisation.Equals(subspace.Subspace.Standardisation) ? $"{used}" : "-",
            $"{effective.EntropyRank:F2}", $"{effective.Participation:F2}",
            .. Shares.Select(share => $"{Spectra.RankAtEnergy(share, values)}"),
        ];

    private static List<ChartSeries> Series(
        IReadOnlyList<(string Run, FittedSubspace Subspace)> subspaces, string mode, Func<double[], double[]> measure)
    {
        var all = Spectra.Standardisations;
        return
        [
            .. from run in Enumerable.Range(0, subspaces.Count)
               from index in Enumerable.Range(0, all.Count)
               let values = measure(Eigenvalues(subspaces[run].Subspace, all[index], mode))
               let name = Spectra.Name(all[index])
               let label = subspaces.Count == 1 ? name : $"{subspaces[run].Run}: {name}"
               select new ChartSeries(label, [.. Enumerable.Range(1, values.Length).Select(rank => (double)rank)], values,
                   subspaces.Count == 1 ? index : run, index),
        ];
    }

    private static double[] Eigenvalues(FittedSubspace subspace, Standardisation standardisation, string mode) =>
        mode == "layer" ? subspace.Spectra[standardisation].Layer : subspace.Spectra[standardisation].Hidden;

    /// <summary>Shares of the energy; what is zero but for rounding is not shown on a logarithmic axis.</summary>
    private static double[] Spectrum(double[] eigenvalues)
    {
        var total = eigenvalues.Sum(value => System.Math.Max(0, value));
        return [.. eigenvalues.Select(value => value / total).Select(share => share > 1e-15 ? share : double.NaN)];
    }

    private static double[] Kept(double[] eigenvalues) =>
        [.. EffectiveRankModule.ofEigenvalues(eigenvalues).Cumulative.Select(share => 100 * share)];
}
