using LoRi.Files.Settings;
using LoRi.Math;
using LoRi.Models.Decoders;
using LoRi.Training.Teachers;
using LoRi.Training.Trajectories;

namespace LoRi.Training.Methods.LoRi;

/// <summary>What settings say of the alignment with a teacher.</summary>
/// <param name="Values">The settings.</param>
public sealed record LoRiOptions(SettingValues Values)
{
    /// <summary>A subspace that was fitted before; null where it is fitted to the teacher's trajectories first.</summary>
    public string? SubspaceFile => Values.Get(AlignmentSettings.Subspace);

    /// <summary>The folder of a teacher cache; null for one inside the run directory.</summary>
    public string? TeacherCache => Values.Get(AlignmentSettings.TeacherCache);

    /// <summary>Whether the teacher's raw states are kept in the cache.</summary>
    public bool KeepTrajectories => Values.Get(AlignmentSettings.KeepTrajectories);

    /// <summary>The largest file of the cache.</summary>
    public StorageSize ShardSize => Values.Get(AlignmentSettings.ShardSize);

    /// <summary>Whether the teacher runs at every step instead of a cache being read.</summary>
    public bool Online => Values.Get(AlignmentSettings.Online);

    /// <summary>The traced levels.</summary>
    public LevelSelection Levels => Values.Get(AlignmentSettings.Levels);

    /// <summary>Which terms are compared, and how.</summary>
    public ObjectiveOptions Objective { get; } = new(
        new RationaleOptions(Values.Get(AlignmentSettings.Covariance), Values.Get(AlignmentSettings.Order),
            Values.Get(AlignmentSettings.Weighting)),
        Values.Get(AlignmentSettings.Anchor),
        Values.Get(AlignmentSettings.AnchorStd));

    /// <summary>Whose moments a student is pulled to.</summary>
    public RationaleTargets Targets => Values.Get(AlignmentSettings.Targets);

    /// <summary>What a linear feedback starts from.</summary>
    public FeedbackStart FeedbackStart => Values.Get(AlignmentSettings.InitFeedback);

    /// <summary>The weights of the terms.</summary>
    public LoRiWeights Weights { get; } = new(
        Values.Get(AlignmentSettings.MeanWeight),
        Values.Get(AlignmentSettings.CovarianceWeight),
        Values.Get(AlignmentSettings.OrderWeight),
        Values.Get(AlignmentSettings.LambdaRationale),
        Values.Get(SharedSettings.LambdaAnchor));

    /// <summary>How the subspace is fitted and the objective is made; <paramref name="seed"/> is that of a random subspace.</summary>
    /// <param name="seed">The seed of what is drawn.</param>
    public LoRiSettings Settings(long seed) => new(
        new SubspaceOptions(
            Values.Get(AlignmentSettings.Kind) is { IsRandom: false } kind ? kind : SubspaceKind.NewRandom(seed),
            Values.Get(AlignmentSettings.Standardise),
            Rank(AlignmentSettings.LayerRank, AlignmentSettings.LayerEnergy, AlignmentSettings.MaxLayerRank),
            Rank(AlignmentSettings.HiddenRank, AlignmentSettings.HiddenEnergy, AlignmentSettings.MaxHiddenRank)),
        Objective);

    /// <summary>Checks levels and ranks against the shape of the teacher.</summary>
    /// <param name="teacher">The teacher, as it was named.</param>
    /// <param name="shape">Its shape.</param>
    /// <exception cref="SettingException">The teacher has fewer levels or components.</exception>
    public void ValidateShape(string teacher, DecoderConfig shape)
    {
        ArgumentNullException.ThrowIfNull(shape);
        if (Levels.Refusal(shape.Layers) is { } refusal)
        {
            throw new SettingException(refusal, Values, AlignmentSettings.Levels);
        }

        if (FeedbackStart == FeedbackStart.Subspace && Levels.Indices(shape.Layers)[^1] != shape.Layers - 1)
        {
            throw new SettingException(
                $"--levels {Levels}: leaves out the last level, whose states --init-feedback subspace projects; name levels that end "
                    + "with it",
                Values, AlignmentSettings.Levels);
        }

        var levels = Levels.Indices(shape.Layers).Count;
        if (SubspaceFile is null && !Values.Get(AlignmentSettings.Kind).IsIdentity)
        {
            AtMost(AlignmentSettings.LayerRank, levels, $"{teacher} has {levels} traced levels");
            AtMost(AlignmentSettings.HiddenRank, shape.HiddenSize, $"the states of {teacher} have {shape.HiddenSize} components");
        }
    }

    private void AtMost(Setting<int?> setting, int most, string reason)
    {
        if (Values.Get(setting) is { } given && given > most)
        {
            throw new SettingException($"{setting.Flag} {given}: must be at most {most}, as {reason}", Values, setting);
        }
    }

    private RankChoice Rank(Setting<int?> rank, Setting<double?> energy, Setting<int?> largest) =>
        Values.Get(rank) is { } exact ? RankChoice.NewExactly(exact)
            : RankChoice.NewEnergy(Values.Get(energy)!.Value, Values.Get(largest) ?? int.MaxValue);
}
