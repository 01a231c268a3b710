using LoRi.Math;
using LoRi.Training.Methods.LoRi;

namespace LoRi.Training.Runs;

/// <summary>From options to the core's terms.</summary>
public static class LoRiMapping
{
    /// <summary>The fit and the objective that options ask for.</summary>
    public static LoRiSettings Of(LoRiOptions options, long seed) => new(
        StandardisationOf(options.Standardise),
        KindOf(options.SubspaceKind, seed),
        RankOf(options.LayerRank, options.LayerEnergy, LoRiOptions.DefaultLargestLayerRank),
        RankOf(options.HiddenRank, options.HiddenEnergy, LoRiOptions.DefaultLargestHiddenRank),
        new ObjectiveOptions(
            new RationaleOptions(CovarianceOf(options.Covariance), OrderOf(options.Order), WeightingOf(options.Weighting)),
            AnchorOf(options.Anchor)));

    /// <summary>The standardisation.</summary>
    public static Standardisation StandardisationOf(StandardiseOption option) => option switch
    {
        StandardiseOption.Full => Standardisation.Full,
        StandardiseOption.Scale => Standardisation.Scale,
        _ => Standardisation.Off,
    };

    /// <summary>The kind of subspace.</summary>
    public static SubspaceKind KindOf(SubspaceKindOption option, long seed) => option switch
    {
        SubspaceKindOption.Random => SubspaceKind.NewRandom(seed),
        SubspaceKindOption.Identity => SubspaceKind.Identity,
        SubspaceKindOption.Complement => SubspaceKind.Complement,
        _ => SubspaceKind.MultilinearSvd,
    };

    /// <summary>A rank: as given, from a share of energy, or the default share with its largest rank.</summary>
    public static RankChoice RankOf(int? rank, double? energy, int largest) => (rank, energy) switch
    {
        ({ } exactly, _) => RankChoice.NewExactly(exactly),
        (_, { } share) => RankChoice.NewEnergy(share, int.MaxValue),
        _ => RankChoice.NewEnergy(LoRiOptions.DefaultEnergy, largest),
    };

    /// <summary>The second-order term.</summary>
    public static Covariance CovarianceOf(CovarianceOption option) => option switch
    {
        CovarianceOption.Full => Covariance.Full,
        CovarianceOption.PerLayer => Covariance.PerLayer,
        CovarianceOption.Diagonal => Covariance.Diagonal,
        CovarianceOption.Off => Covariance.Off,
        _ => Covariance.Modewise,
    };

    /// <summary>The term beyond the second order.</summary>
    public static Order OrderOf(OrderOption option) => option switch
    {
        OrderOption.Lag1 => Order.Lag1,
        OrderOption.Third => Order.Third,
        _ => Order.Off,
    };

    /// <summary>The weighting.</summary>
    public static Weighting WeightingOf(WeightingOption option) => option switch
    {
        WeightingOption.Variance => Weighting.Variance,
        WeightingOption.Statistic => Weighting.Statistic,
        _ => Weighting.Off,
    };

    /// <summary>The anchor term.</summary>
    public static AnchorForm AnchorOf(AnchorOption option) => option switch
    {
        AnchorOption.Subspace => AnchorForm.Subspace,
        AnchorOption.Off => AnchorForm.Off,
        _ => AnchorForm.Full,
    };
}
