using LoRi.Files.Settings;
using LoRi.Math;
using LoRi.Models.Decoders;
using LoRi.Training.Trajectories;

namespace LoRi.Training.Methods.LoRi;

/// <summary>The settings of the low-rank alignment of a student's latent steps with its teacher's chain of thought.</summary>
internal static class AlignmentSettings
{
    private const double UsualEnergy = 0.95;
    private const string OneMethod = "aligns trajectories";

    /// <summary>A fitted subspace; left out, it is fitted to the teacher's trajectories first.</summary>
    public static readonly Setting<string?> Subspace = new("subspace", "file", Forms.Place!, null, "a fitted subspace")
    {
        Group = SettingGroups.Subspace,
        Purpose = OneMethod,
        DefaultText = "one is fitted to the teacher's trajectories",
    };

    /// <summary>The subspace in which trajectories are compared; of a random one, without its seed.</summary>
    public static readonly Setting<SubspaceKind> Kind =
        Fit("subspace_kind", "kind", CoreForms.SubspaceKinds, SubspaceKind.MultilinearSvd, "{choices}");

    /// <summary>The traced levels.</summary>
    public static readonly Setting<LevelSelection> Levels =
        new("levels", "choice", LevelSelection.Form, LevelSelection.All, "traced levels: all, every-K or last-N")
        {
            Group = SettingGroups.Subspace,
            Purpose = OneMethod,
        };

    /// <summary>How trajectories are standardised before anything else.</summary>
    public static readonly Setting<Standardisation> Standardise =
        Fit("standardise", "how", CoreForms.Standardisations, Standardisation.Full, "{choices}");

    /// <summary>Rank of the layer mode.</summary>
    public static readonly Setting<int?> LayerRank = Rank("layer_rank", "rank of the layer mode (not with --layer-energy)");

    /// <summary>The smallest rank that keeps this share of the layer mode's eigenvalues.</summary>
    public static readonly Setting<double?> LayerEnergy = Energy("layer_energy", "energy kept of the layer mode", LayerRank);

    /// <summary>The largest layer rank that an energy may choose. The default energies come with one; an energy that was named does
    /// not.</summary>
    public static readonly Setting<int?> MaxLayerRank =
        Largest("max_layer_rank", "largest rank that an energy chooses for the layer mode", 8, LayerRank, LayerEnergy);

    /// <summary>Rank of the hidden mode.</summary>
    public static readonly Setting<int?> HiddenRank = Rank("hidden_rank", "rank of the hidden mode (not with --hidden-energy)");

    /// <summary>The smallest rank that keeps this share of the hidden mode's eigenvalues.</summary>
    public static readonly Setting<double?> HiddenEnergy = Energy("hidden_energy", "energy kept of the hidden mode", HiddenRank);

    /// <summary>The largest hidden rank that an energy may choose.</summary>
    public static readonly Setting<int?> MaxHiddenRank =
        Largest("max_hidden_rank", "largest rank that an energy chooses for the hidden mode", 64, HiddenRank, HiddenEnergy);

    /// <summary>Which second moments are compared.</summary>
    public static readonly Setting<Covariance> Covariance =
        Term("covariance", "form", CoreForms.Covariances, Math.Covariance.Modewise, "{choices}");

    /// <summary>What weighs the entries of the moments.</summary>
    public static readonly Setting<Weighting> Weighting =
        Term("weighting", "form", CoreForms.Weightings, Math.Weighting.Statistic, "{choices}");

    /// <summary>Which statistic beyond the second moments is compared.</summary>
    public static readonly Setting<Order> Order = Term(
        "order", "form", OrderForm.Form, Math.Order.Off,
        "what else is compared: none, lag-1, third, or parts-K, the means of K equal consecutive parts of the steps");

    /// <summary>Whose moments a student is pulled to: its own row's, or those of a control.</summary>
    public static readonly Setting<RationaleTargets> Targets =
        Term("targets", "whose", CoreForms.Targets, RationaleTargets.Own, "rationale whose moments are compared: {choices}");

    /// <summary>How the states at the anchor are compared.</summary>
    public static readonly Setting<AnchorForm> Anchor = Term("anchor", "form", CoreForms.Anchors, AnchorForm.Full, "{choices}");

    /// <summary>Where the divisor of the anchor loss comes from.</summary>
    public static readonly Setting<AnchorScale> AnchorStd =
        Term("anchor_std", "source", CoreForms.AnchorScales, AnchorScale.Corpus, "divisor of the anchor loss: {choices}");

    /// <summary>What a linear map from a final state to the next latent input starts from.</summary>
    public static readonly Setting<FeedbackStart> InitFeedback = new(
        "init_feedback", "start", Forms.Choice<FeedbackStart>(), FeedbackStart.Identity,
        "start of --projection linear: identity, or subspace, the projector on the teacher's directions and mean")
    {
        Group = SettingGroups.Subspace,
        Purpose = OneMethod,
    };

    /// <summary>Weight of the mean loss within the rationale loss.</summary>
    public static readonly Setting<double> MeanWeight = Weight("w_mean", "weight of the mean loss");

    /// <summary>Weight of the covariance loss within the rationale loss.</summary>
    public static readonly Setting<double> CovarianceWeight = Weight("w_cov", "weight of the covariance loss");

    /// <summary>Weight of the order loss within the rationale loss.</summary>
    public static readonly Setting<double> OrderWeight = Weight("w_order", "weight of the order loss");

    /// <summary>Weight of the rationale loss.</summary>
    public static readonly Setting<double> LambdaRationale = Weight("lambda_rationale", "weight of the rationale loss");

    /// <summary>The folder of a teacher cache to use or to make; left out, one inside the run directory.</summary>
    public static readonly Setting<string?> TeacherCache = new(
        "teacher_cache", "folder", Forms.Output!, null, "folder of the teacher's coordinates, to use or to make")
    {
        Group = SettingGroups.States,
        Purpose = OneMethod,
        OnResume = OnResume.Free,
        DefaultText = "teacher-cache in the run directory",
        InForce = IsCached,
    };

    /// <summary>Whether the teacher's raw states are kept in the cache, so that any subspace can be fitted to them.</summary>
    public static readonly Setting<bool> KeepTrajectories = new(
        "keep_trajectories", "", Forms.Flag, false, "keep the teacher's raw states in the cache: any subspace can be fitted to them later")
    {
        Group = SettingGroups.States,
        Purpose = OneMethod,
        OnResume = OnResume.Free,
        InForce = IsCached,
    };

    /// <summary>The largest file of the cache.</summary>
    public static readonly Setting<StorageSize> ShardSize = new(
        "shard_size", "size", Forms.Size, new(1L << 30), "largest file of the cache, such as 500MB or 4GiB; a number alone counts MiB")
    {
        Group = SettingGroups.States,
        Purpose = OneMethod,
        OnResume = OnResume.Free,
        InForce = IsCached,
    };

    /// <summary>Whether the teacher runs at every step instead of a cache being read.</summary>
    public static readonly Setting<bool> Online =
        new("online", "", Forms.Flag, false, "run the teacher at every step instead of reading a cache")
        {
            Group = SettingGroups.States,
            Purpose = OneMethod,
        };

    /// <summary>All of them, in the order of the help.</summary>
    public static IReadOnlyList<Setting> All { get; } =
    [
        Subspace, Kind, InitFeedback, Levels, Standardise, LayerRank, LayerEnergy, MaxLayerRank, HiddenRank, HiddenEnergy, MaxHiddenRank,
        Covariance, Weighting, Order, Targets, Anchor, AnchorStd, MeanWeight, CovarianceWeight, OrderWeight, LambdaRationale,
        SharedSettings.LambdaAnchor,
        TeacherCache, KeepTrajectories, ShardSize, Online,
    ];

    /// <summary>What ranks and energies must be together.</summary>
    public static IReadOnlyList<SettingRule> RankRules { get; } =
    [
        SettingRule.NotBoth(LayerRank, LayerEnergy),
        SettingRule.NotBoth(HiddenRank, HiddenEnergy),
        SettingRule.NotBoth(LayerRank, MaxLayerRank),
        SettingRule.NotBoth(HiddenRank, MaxHiddenRank),
        SettingRule.Drops(LayerEnergy, MaxLayerRank),
        SettingRule.Drops(HiddenEnergy, MaxHiddenRank),
    ];

    /// <summary>What all of them must be together.</summary>
    public static IReadOnlyList<SettingRule> Rules { get; } =
    [
        SettingRule.NotBoth(Online, TeacherCache, "without a cache nothing is kept"),
        SettingRule.NotBoth(Online, KeepTrajectories, "without a cache nothing is kept"),
        .. RankRules,
        new(
            values => values.Get(InitFeedback) == FeedbackStart.Subspace
                && values.Get(SharedSettings.Projection) is not ProjectionKind.Linear and var kind
                    ? $"--init-feedback subspace and --projection {Forms.Name(kind)} contradict each other: take --projection linear"
                    : null,
            InitFeedback,
            SharedSettings.Projection),
        new(
            values => values.Get(InitFeedback) == FeedbackStart.Subspace && values.Get(Kind).IsComplement
                ? "--init-feedback subspace and --subspace-kind complement contradict each other: the complement has no directions of "
                    + "its own"
                : null,
            InitFeedback,
            Kind),
        .. SettingRule.Instead(Subspace, Kind, Standardise, LayerRank, LayerEnergy, HiddenRank, HiddenEnergy, MaxLayerRank, MaxHiddenRank),
        new(
            values => values.Get(Anchor).IsSubspace && values.Get(Kind).IsIdentity
                ? "--anchor subspace and --subspace-kind identity contradict each other: use --anchor full" : null,
            Anchor,
            Kind),
    ];

    private static bool IsFitted(SettingValues values) => values.Get(Subspace) is null;

    private static bool IsCached(SettingValues values) => !values.Get(Online);

    private static Setting<T> Fit<T>(string key, string name, ValueForm<T> form, T value, string help) => new(key, name, form, value, help)
    {
        Group = SettingGroups.Subspace,
        Purpose = OneMethod,
        InForce = IsFitted,
    };

    private static Setting<int?> Rank(string key, string help)
    {
        var rank = Fit(key, "n", Forms.Whole(1, 65_536).Optional(), null, help);
        return rank with { InForce = values => IsFitted(values) && values.IsGiven(rank) };
    }

    private static Setting<double?> Energy(string key, string help, Setting<int?> rank) =>
        Fit(key, "share", Forms.Share.Optional(), null, help) with
        {
            DefaultText = FormattableString.Invariant($"{UsualEnergy}"),
            Default = values => values.Get(rank) is null ? UsualEnergy : null,
            InForce = values => IsFitted(values) && values.Get(rank) is null,
        };

    private static Setting<int?> Largest(string key, string help, int usual, Setting<int?> rank, Setting<double?> energy) =>
        Fit(key, "n", Forms.Whole(1, 65_536).Optional(), null, help) with
        {
            DefaultText = $"{usual} where no energy is named",
            Default = values => values.IsGiven(energy) || values.Get(rank) is not null ? null : usual,
            InForce = values => IsFitted(values) && values.Get(rank) is null,
        };

    private static Setting<T> Term<T>(string key, string name, ValueForm<T> form, T value, string help) => new(key, name, form, value, help)
    {
        Group = SettingGroups.Alignment,
        Purpose = OneMethod,
    };

    private static Setting<double> Weight(string key, string help) => Term(key, "weight", Forms.AtLeast(0), 1, help);
}
