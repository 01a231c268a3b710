using LoRi.Math;
using LoRi.Training.Methods.LoRi;

namespace LoRi.Runs.Settings;

/// <summary>The choices of the command line in the core's own words.</summary>
public static class CoreChoices
{
    /// <summary>How trajectories are standardised.</summary>
    public static Standardisation ToCore(this StandardiseOption choice) => choice switch
    {
        StandardiseOption.Full => Standardisation.Full,
        StandardiseOption.Scale => Standardisation.Scale,
        _ => Standardisation.Off,
    };

    /// <summary>Which second moments are compared.</summary>
    public static Covariance ToCore(this CovarianceOption choice) => choice switch
    {
        CovarianceOption.Modewise => Covariance.Modewise,
        CovarianceOption.Full => Covariance.Full,
        CovarianceOption.PerLayer => Covariance.PerLayer,
        CovarianceOption.Diagonal => Covariance.Diagonal,
        _ => Covariance.Off,
    };

    /// <summary>What weighs the entries of the moments.</summary>
    public static Weighting ToCore(this WeightingOption choice) => choice switch
    {
        WeightingOption.Variance => Weighting.Variance,
        WeightingOption.Statistic => Weighting.Statistic,
        _ => Weighting.Off,
    };

    /// <summary>Which further statistic is compared.</summary>
    public static Order ToCore(this OrderOption choice) => choice switch
    {
        OrderOption.Lag1 => Order.Lag1,
        OrderOption.Third => Order.Third,
        _ => Order.Off,
    };

    /// <summary>How anchors are compared.</summary>
    public static AnchorForm ToCore(this AnchorOption choice) => choice switch
    {
        AnchorOption.Full => AnchorForm.Full,
        AnchorOption.Subspace => AnchorForm.Subspace,
        _ => AnchorForm.Off,
    };

    /// <summary>Which subspace; <paramref name="seed"/> is that of a random one.</summary>
    public static SubspaceKind ToCore(this SubspaceKindOption choice, long seed) => choice switch
    {
        SubspaceKindOption.Random => SubspaceKind.NewRandom(seed),
        SubspaceKindOption.Identity => SubspaceKind.Identity,
        SubspaceKindOption.Complement => SubspaceKind.Complement,
        _ => SubspaceKind.MultilinearSvd,
    };

    /// <summary>The terms and their forms.</summary>
    public static ObjectiveOptions Objective(
        CovarianceOption covariance,
        WeightingOption weighting,
        OrderOption order,
        AnchorOption anchor,
        AnchorStdOption deviation = AnchorStdOption.Corpus) => new(
            new RationaleOptions(covariance.ToCore(), order.ToCore(), weighting.ToCore()),
            anchor.ToCore(),
            deviation == AnchorStdOption.Batch ? AnchorScale.Batch : AnchorScale.Corpus);

    /// <summary>How the subspace is fitted and the objective is made; <paramref name="seed"/> is that of a random subspace.</summary>
    public static LoRiSettings ToSettings(this LoRiOptions options, long seed)
    {
        ArgumentNullException.ThrowIfNull(options);
        var all = options.Completed();
        return new LoRiSettings(
            new SubspaceOptions(
                all.SubspaceKind!.Value.ToCore(seed),
                all.Standardise!.Value.ToCore(),
                Rank(all.LayerRank, all.LayerEnergy, all.MaxLayerRank),
                Rank(all.HiddenRank, all.HiddenEnergy, all.MaxHiddenRank)),
            Objective(options.Covariance, options.Weighting, options.Order, options.Anchor, options.AnchorStd));
    }

    /// <summary>The weights of the terms.</summary>
    public static LoRiWeights ToWeights(this LoRiOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new LoRiWeights(options.WMean, options.WCov, options.WOrder, options.LambdaRationale, options.LambdaAnchor);
    }

    private static RankChoice Rank(int? rank, double? energy, int? largest) =>
        rank is { } exact ? RankChoice.NewExactly(exact) : RankChoice.NewEnergy(energy!.Value, largest ?? int.MaxValue);
}
