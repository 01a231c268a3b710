using LoRi.Math;

namespace LoRi.Training.Methods.LoRi;

/// <summary>How the subspace is fitted and the objective is made.</summary>
/// <param name="Standardisation">What is taken out of trajectories first.</param>
/// <param name="Kind">Which subspace.</param>
/// <param name="LayerRank">Rank of the layer mode.</param>
/// <param name="HiddenRank">Rank of the hidden mode.</param>
/// <param name="Objective">Which terms, and how.</param>
public sealed record LoRiSettings(
    Standardisation Standardisation, SubspaceKind Kind, RankChoice LayerRank, RankChoice HiddenRank, ObjectiveOptions Objective)
{
    /// <summary>The demonstration's preset: ranks 2 and 24, covariance per layer.</summary>
    public static LoRiSettings Demo { get; } = new(
        Standardisation.Full,
        SubspaceKind.MultilinearSvd,
        RankChoice.NewExactly(2),
        RankChoice.NewExactly(24),
        new ObjectiveOptions(new RationaleOptions(Covariance.PerLayer, Order.Off, Weighting.Statistic), AnchorForm.Full));
}

/// <summary>Weights of the terms: L = L_task + rationale (mean L_mean + covariance L_cov + order L_order) + anchor L_anchor.</summary>
public sealed record LoRiWeights(double Mean, double Covariance, double Order, double Rationale, double Anchor);
