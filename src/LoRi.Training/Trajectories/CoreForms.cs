using LoRi.Files.Settings;
using LoRi.Math;

namespace LoRi.Training.Trajectories;

/// <summary>The core's choices by the names that files and command lines have for them.</summary>
internal static class CoreForms
{
    /// <summary>The subspace in which trajectories are compared; of a random one, without its seed.</summary>
    public static ValueForm<SubspaceKind> SubspaceKinds { get; } = Forms.Choice(
        ("multilinear-svd", SubspaceKind.MultilinearSvd), ("random", SubspaceKind.NewRandom(0)), ("identity", SubspaceKind.Identity),
        ("complement", SubspaceKind.Complement), ("gradient", SubspaceKind.Gradient));

    /// <summary>How trajectories are standardised before anything else.</summary>
    public static ValueForm<Standardisation> Standardisations { get; } = Forms.Choice(
        ("full", Standardisation.Full), ("scale", Standardisation.Scale), ("none", Standardisation.Off));

    /// <summary>Whose moments a student is pulled to.</summary>
    public static ValueForm<RationaleTargets> Targets { get; } = Forms.Choice(
        ("own", RationaleTargets.Own), ("shuffled", RationaleTargets.Shuffled), ("permuted", RationaleTargets.Permuted),
        ("mean", RationaleTargets.CorpusMean), ("question", RationaleTargets.Question));

    /// <summary>Which second moments are compared.</summary>
    public static ValueForm<Covariance> Covariances { get; } = Forms.Choice(
        ("modewise", Covariance.Modewise), ("full", Covariance.Full), ("per-layer", Covariance.PerLayer), ("diagonal", Covariance.Diagonal),
        ("off", Covariance.Off));

    /// <summary>What weighs the entries of the moments.</summary>
    public static ValueForm<Weighting> Weightings { get; } =
        Forms.Choice(("none", Weighting.Off), ("variance", Weighting.Variance), ("statistic", Weighting.Statistic));

    /// <summary>How the states at the anchor are compared.</summary>
    public static ValueForm<AnchorForm> Anchors { get; } =
        Forms.Choice(("full", AnchorForm.Full), ("subspace", AnchorForm.Subspace), ("off", AnchorForm.Off));

    /// <summary>Where the divisor of the anchor loss comes from.</summary>
    public static ValueForm<AnchorScale> AnchorScales { get; } = Forms.Choice(("corpus", AnchorScale.Corpus), ("batch", AnchorScale.Batch));
}
