using LoRi.Math;

namespace LoRi.Training.Teachers;

/// <summary>How the subspace is fitted and the objective is made.</summary>
/// <param name="Subspace">The standardisation, the kind of subspace and its ranks.</param>
/// <param name="Objective">Which terms, and how.</param>
public sealed record LoRiSettings(SubspaceOptions Subspace, ObjectiveOptions Objective)
{
    /// <summary>The demonstration's preset: ranks 2 and 24, covariance per layer.</summary>
    public static LoRiSettings Demo { get; } = new(
        new SubspaceOptions(SubspaceKind.MultilinearSvd, Standardisation.Full, RankChoice.NewExactly(2), RankChoice.NewExactly(24)),
        new ObjectiveOptions(
            new RationaleOptions(Covariance.PerLayer, Order.Off, Weighting.Statistic), AnchorForm.Full, AnchorScale.Corpus));

    /// <summary>The same with the means of equal consecutive parts of a rationale for its order.</summary>
    /// <param name="parts">How many parts.</param>
    public static LoRiSettings DemoInParts(int parts) => Demo with
    {
        Objective = new ObjectiveOptions(
            new RationaleOptions(Covariance.PerLayer, Order.NewParts(parts), Weighting.Statistic), AnchorForm.Full, AnchorScale.Corpus),
    };
}

/// <summary>Weights of the terms: L = L_task + rationale (mean L_mean + covariance L_cov + order L_order) + anchor L_anchor.</summary>
/// <param name="Mean">Weight of the first moment within the rationale term.</param>
/// <param name="Covariance">Weight of the second moments within the rationale term.</param>
/// <param name="Order">Weight of the order statistic within the rationale term.</param>
/// <param name="Rationale">Weight of the rationale term.</param>
/// <param name="Anchor">Weight of the anchor term.</param>
public sealed record LoRiWeights(double Mean, double Covariance, double Order, double Rationale, double Anchor);
