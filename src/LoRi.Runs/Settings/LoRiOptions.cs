using System.Text.Json.Serialization;
using LoRi.Files;
using LoRi.Models.Decoders;
using LoRi.Models.Sequences;

namespace LoRi.Runs.Settings;

/// <summary>The low-rank alignment of a student's latent steps with its teacher's chain of thought.</summary>
public sealed record LoRiOptions
{
    /// <summary>The energy kept per mode where neither a rank nor an energy is given.</summary>
    public const double DefaultEnergy = 0.95;

    /// <summary>The largest layer rank where neither a rank nor an energy is given.</summary>
    public const int DefaultLargestLayerRank = 8;

    /// <summary>The largest hidden rank where neither a rank nor an energy is given.</summary>
    public const int DefaultLargestHiddenRank = 64;

    /// <summary><c>--subspace</c>: a fitted subspace; left out, it is fitted to the teacher's trajectories first.</summary>
    [JsonPropertyName("subspace")]
    public string? SubspaceFile { get; init; }

    /// <summary><c>--teacher-cache</c>: the folder of a teacher cache to use or to make; left out, one inside the run directory.</summary>
    public string? TeacherCache { get; init; }

    /// <summary><c>--keep-trajectories</c>: keep the teacher's raw states in the cache, so that any subspace can be fitted to them.</summary>
    public bool KeepTrajectories { get; init; }

    /// <summary><c>--shard-size</c>: the largest file of the cache.</summary>
    public StorageSize ShardSize { get; init; } = new(1L << 30);

    /// <summary><c>--online</c>: run the teacher at every step instead of reading a cache.</summary>
    public bool Online { get; init; }

    /// <summary><c>--subspace-kind</c> (<c>--kind</c> where a subspace is fitted).</summary>
    public SubspaceKindOption? SubspaceKind { get; init; }

    /// <summary><c>--standardise</c>.</summary>
    public StandardiseOption? Standardise { get; init; }

    /// <summary><c>--layer-rank</c>; excludes <see cref="LayerEnergy"/>.</summary>
    public int? LayerRank { get; init; }

    /// <summary><c>--layer-energy</c>: the smallest rank that keeps this share of the layer mode's eigenvalues.</summary>
    public double? LayerEnergy { get; init; }

    /// <summary><c>--max-layer-rank</c>: the largest layer rank that an energy may choose; excludes <see cref="LayerRank"/>.</summary>
    public int? MaxLayerRank { get; init; }

    /// <summary><c>--hidden-rank</c>; excludes <see cref="HiddenEnergy"/>.</summary>
    public int? HiddenRank { get; init; }

    /// <summary><c>--hidden-energy</c>: the smallest rank that keeps this share of the hidden mode's eigenvalues.</summary>
    public double? HiddenEnergy { get; init; }

    /// <summary><c>--max-hidden-rank</c>: the largest hidden rank that an energy may choose; excludes <see cref="HiddenRank"/>.</summary>
    public int? MaxHiddenRank { get; init; }

    /// <summary><c>--covariance</c>.</summary>
    public CovarianceOption Covariance { get; init; } = CovarianceOption.Modewise;

    /// <summary><c>--weighting</c>.</summary>
    public WeightingOption Weighting { get; init; } = WeightingOption.Statistic;

    /// <summary><c>--order</c>.</summary>
    public OrderOption Order { get; init; } = OrderOption.None;

    /// <summary><c>--anchor</c>.</summary>
    public AnchorOption Anchor { get; init; } = AnchorOption.Full;

    /// <summary><c>--anchor-std</c>.</summary>
    public AnchorStdOption AnchorStd { get; init; } = AnchorStdOption.Corpus;

    /// <summary><c>--levels</c>: the traced levels.</summary>
    public LevelSelection Levels { get; init; } = LevelSelection.All;

    /// <summary><c>--teacher-text</c>.</summary>
    public TeacherTextOption TeacherText { get; init; } = TeacherTextOption.Full;

    /// <summary><c>--w-mean</c>: weight of the mean loss within the rationale loss.</summary>
    public double WMean { get; init; } = 1;

    /// <summary><c>--w-cov</c>: weight of the covariance loss within the rationale loss.</summary>
    public double WCov { get; init; } = 1;

    /// <summary><c>--w-order</c>: weight of the order loss within the rationale loss.</summary>
    public double WOrder { get; init; } = 1;

    /// <summary><c>--lambda-rationale</c>: weight of the rationale loss.</summary>
    public double LambdaRationale { get; init; } = 1;

    /// <summary><c>--lambda-anchor</c>: weight of the anchor loss.</summary>
    public double LambdaAnchor { get; init; } = 1;

    /// <summary>
    /// The same with the values that what is left out has. The default energies come with a largest rank; an energy that was named
    /// has none unless that is named too.
    /// </summary>
    public LoRiOptions Completed() => this with
    {
        SubspaceKind = SubspaceKind ?? SubspaceKindOption.MultilinearSvd,
        Standardise = Standardise ?? StandardiseOption.Full,
        LayerEnergy = LayerRank is null ? LayerEnergy ?? DefaultEnergy : null,
        MaxLayerRank = MaxLayerRank ?? (LayerEnergy is null ? DefaultLargestLayerRank : null),
        HiddenEnergy = HiddenRank is null ? HiddenEnergy ?? DefaultEnergy : null,
        MaxHiddenRank = MaxHiddenRank ?? (HiddenEnergy is null ? DefaultLargestHiddenRank : null),
    };

    /// <summary>Checks everything that can be checked without reading a file.</summary>
    /// <exception cref="InputException">A value is out of range, or two contradict each other.</exception>
    public void Validate(string method)
    {
        if (SubspaceFile is { } file && method != MethodNames.LoRi)
        {
            throw new InputException($"--subspace {file} and --method {method} contradict each other: only {MethodNames.LoRi} uses a subspace");
        }

        ValidateCache(method);
        ValidateRanks();
        if (Anchor == AnchorOption.Subspace && SubspaceKind == SubspaceKindOption.Identity)
        {
            throw new InputException("--anchor subspace and --subspace-kind identity contradict each other: use --anchor full");
        }

        OptionRules.AtLeast<double>("--w-mean", WMean, 0);
        OptionRules.AtLeast<double>("--w-cov", WCov, 0);
        OptionRules.AtLeast<double>("--w-order", WOrder, 0);
        OptionRules.AtLeast<double>("--lambda-rationale", LambdaRationale, 0);
        OptionRules.AtLeast<double>("--lambda-anchor", LambdaAnchor, 0);
    }

    /// <summary>Checks levels and ranks against the shape of the teacher.</summary>
    /// <param name="teacher">The teacher, as it was named.</param>
    /// <param name="shape">Its shape.</param>
    /// <exception cref="InputException">The teacher has fewer levels or components.</exception>
    public void ValidateShape(string teacher, DecoderConfig shape)
    {
        ArgumentNullException.ThrowIfNull(shape);
        var levels = Levels.Indices(shape.Layers).Count;
        if (SubspaceFile is null && SubspaceKind != SubspaceKindOption.Identity)
        {
            OptionRules.AtMost("--layer-rank", LayerRank, levels, $"{teacher} has {levels} traced levels");
            OptionRules.AtMost("--hidden-rank", HiddenRank, shape.HiddenSize, $"the states of {teacher} have {shape.HiddenSize} components");
        }
    }

    private void ValidateCache(string method)
    {
        var (cache, keep, online) = (TeacherCache is null ? null : $"--teacher-cache {TeacherCache}", KeepTrajectories ? "--keep-trajectories" : null, Online ? "--online" : null);
        if ((cache ?? keep ?? online) is { } first && method != MethodNames.LoRi)
        {
            throw new InputException($"{first} and --method {method} contradict each other: only {MethodNames.LoRi} asks a frozen teacher for its states");
        }

        if (Online && (cache ?? keep) is { } stored)
        {
            throw new InputException($"--online and {stored} contradict each other: without a cache nothing is kept");
        }
    }

    /// <summary>Checks the ranks and energies only.</summary>
    /// <exception cref="InputException">A value is out of range, or two contradict each other.</exception>
    public void ValidateRanks()
    {
        OptionRules.NotBoth("--layer-rank", LayerRank, "--layer-energy", LayerEnergy);
        OptionRules.NotBoth("--hidden-rank", HiddenRank, "--hidden-energy", HiddenEnergy);
        OptionRules.NotBoth("--layer-rank", LayerRank, "--max-layer-rank", MaxLayerRank);
        OptionRules.NotBoth("--hidden-rank", HiddenRank, "--max-hidden-rank", MaxHiddenRank);
        OptionRules.AtLeast("--max-layer-rank", MaxLayerRank, 1);
        OptionRules.AtLeast("--max-hidden-rank", MaxHiddenRank, 1);
        OptionRules.AtLeast("--layer-rank", LayerRank, 1);
        OptionRules.AtLeast("--hidden-rank", HiddenRank, 1);
        OptionRules.Share("--layer-energy", LayerEnergy);
        OptionRules.Share("--hidden-energy", HiddenEnergy);
        if (SubspaceFile is not { } file)
        {
            return;
        }

        OptionRules.NotBoth("--subspace", file, "--subspace-kind", SubspaceKind is { } kind ? OptionJson.Name(kind) : null);
        OptionRules.NotBoth("--subspace", file, "--standardise", Standardise is { } standardise ? OptionJson.Name(standardise) : null);
        OptionRules.NotBoth("--subspace", file, "--layer-rank", LayerRank);
        OptionRules.NotBoth("--subspace", file, "--layer-energy", LayerEnergy);
        OptionRules.NotBoth("--subspace", file, "--hidden-rank", HiddenRank);
        OptionRules.NotBoth("--subspace", file, "--hidden-energy", HiddenEnergy);
        OptionRules.NotBoth("--subspace", file, "--max-layer-rank", MaxLayerRank);
        OptionRules.NotBoth("--subspace", file, "--max-hidden-rank", MaxHiddenRank);
    }
}
