using LoRi.Files.Settings;
using LoRi.Training;

namespace LoRi.Runs.Settings;

/// <summary>Which weights of a stage are kept at its end.</summary>
public enum KeptWeights
{
    /// <summary>Those of its last step.</summary>
    Last,

    /// <summary>Those of its lowest validation loss.</summary>
    Best,
}

/// <summary>The settings of every training run.</summary>
internal static class TrainSettings
{
    private const double UsualEpochs = 3;

    /// <summary>The weights to start from.</summary>
    public static readonly Setting<string?> Model = StageSettings.Model with
    {
        Help = "the weights to start from: a Hub folder, a run directory or a .gguf file",
        InForce = values => values.Get(StageSettings.Model) is not null,
    };

    /// <summary>The training files.</summary>
    public static readonly Setting<IReadOnlyList<string>> Data = StageSettings.Data with
    {
        Help = "training files; several may follow",
        Required = "name at least one training file",
    };

    /// <summary>How often the training rows of each of <see cref="Data"/> are taken in one pass over the data; left out, once.</summary>
    public static readonly Setting<IReadOnlyList<double>> DataWeights = new(
        "data_weights", "weight", Forms.PositiveList(1000), [], "how often each of --data is read in one pass, as many numbers as files: "
            + "2 reads its rows twice, 0.5 half of them, drawn by the seed")
    {
        Group = SettingGroups.Data,
        DefaultText = "1 each",
        InForce = values => values.Get(DataWeights!).Count > 0,
    };

    /// <summary>The run directory.</summary>
    public static readonly Setting<string> Output =
        StageSettings.Output with { Help = "the run directory to make", Required = "name the run directory" };

    /// <summary>Optimizer steps.</summary>
    public static readonly Setting<int?> Steps = Optimizer<int?>(new(
        "steps", "n", Forms.Whole(1, 1_000_000_000).Optional(), null, "optimizer steps (not with --epochs)")
    { OnResume = OnResume.Derived, InForce = HasSteps });

    /// <summary>Passes over the data where steps are not given.</summary>
    public static readonly Setting<double?> Epochs =
        Optimizer<double?>(new("epochs", "n", Forms.Positive(1_000_000).Optional(), null, "passes over the data")
        {
            OnResume = OnResume.Free,
            DefaultText = FormattableString.Invariant($"{UsualEpochs}"),
            Default = values => HasSteps(values) ? null : UsualEpochs,
            InForce = values => !HasSteps(values),
        });

    /// <summary>Rows of one optimizer step.</summary>
    public static readonly Setting<int> BatchSize =
        Optimizer<int>(new("batch_size", "n", Forms.Whole(1, 65_536), 32, "rows of one optimizer step"));

    /// <summary>Micro-batches that a step's rows are cut into, to save memory.</summary>
    public static readonly Setting<int> Accumulation = Optimizer<int>(new(
        "accumulation", "n", Forms.Whole(1, 65_536), 1, "parts that a step's rows are cut into, to save memory")
    { SuitsRun = true });

    /// <summary>Whether activations within blocks are computed again in the backward pass in place of being kept.</summary>
    public static readonly Setting<bool> Checkpointing = Optimizer<bool>(new(
        "checkpointing", "", Forms.Flag, false, "keep the inputs of blocks alone and compute the rest again: less memory, more time")
    { OnResume = OnResume.Free });

    /// <summary>The peak of the learning rate.</summary>
    public static readonly Setting<double> LearningRate =
        Optimizer<double>(new("learning_rate", "rate", Forms.Positive(), 1e-4, "peak learning rate"));

    /// <summary>Course of the learning rate after the warm-up.</summary>
    public static readonly Setting<Schedule> Schedule =
        Optimizer<Schedule>(new("schedule", "course", Forms.Choice<Schedule>(), LoRi.Training.Schedule.Cosine, "{choices}"));

    /// <summary>Steps of linear warm-up.</summary>
    public static readonly Setting<int?> WarmupSteps =
        Optimizer<int?>(new("warmup_steps", "n", Forms.Whole(0).Optional(), null, "steps of linear warm-up")
        {
            OnResume = OnResume.Derived,
            SuitsRun = true,
            DefaultText = "3 % of all",
        });

    /// <summary>Decoupled weight decay, on matrices only unless <see cref="DecayAll"/>.</summary>
    public static readonly Setting<double> WeightDecay =
        Optimizer<double>(new("weight_decay", "rate", Forms.AtLeast(0), 0.01, "decoupled weight decay of matrices"));

    /// <summary>Whether tables, norms and biases are decayed as well.</summary>
    public static readonly Setting<bool> DecayAll =
        Optimizer<bool>(new("decay_all", "", Forms.Flag, false, "decay tables, norms and biases as well"));

    /// <summary>Largest global 2-norm of the gradient; 0 turns clipping off.</summary>
    public static readonly Setting<double> Clip =
        Optimizer<double>(new("clip", "norm", Forms.AtLeast(0), 1, "largest global norm of the gradient, 0 for none"));

    /// <summary>Decay of AdamW's first moment.</summary>
    public static readonly Setting<double> Beta1 =
        Optimizer<double>(new("beta1", "rate", Forms.BelowOne, 0.9, "AdamW's decay of the first moment"));

    /// <summary>Decay of AdamW's second moment.</summary>
    public static readonly Setting<double> Beta2 =
        Optimizer<double>(new("beta2", "rate", Forms.BelowOne, 0.999, "AdamW's decay of the second moment"));

    /// <summary>Share of the rows held out, chosen by a hash of the question.</summary>
    public static readonly Setting<double> ValidationFraction = new(
        "validation_fraction", "share", Forms.BelowOne, 0, "share of the rows held out for validation")
    { Group = SettingGroups.Data };

    /// <summary>Of the data order, of new weights and of everything else that is random.</summary>
    public static readonly Setting<long> Seed = new("seed", "n", Forms.Seed, 0, "seed of everything random");

    /// <summary>Whether everything up to the first step is checked and told, and no more.</summary>
    public static readonly Setting<bool> DryRun =
        new("dry_run", "", Forms.Flag, false, "estimate steps, tokens, memory and time from a few steps, and write nothing")
        {
            OnResume = OnResume.Once,
        };

    /// <summary>Steps between two lines of the log and of <c>metrics.jsonl</c>.</summary>
    public static readonly Setting<int> LogEvery =
        new("log_every", "steps", Forms.Whole(1), 10, "steps between two log lines") { OnResume = OnResume.Free };

    /// <summary>Steps between two evaluations on the validation rows.</summary>
    public static readonly Setting<int?> EvalEvery =
        new("eval_every", "steps", Forms.Whole(1).Optional(), null, "steps between two evaluations on the validation rows")
        {
            OnResume = OnResume.Free,
            SuitsRun = true,
            DefaultText = "a twentieth of all steps, about ten at least",
            InForce = values => values.Get(ValidationFraction) > 0,
        };

    /// <summary>Which weights the trained model has, and a further stage begins with.</summary>
    public static readonly Setting<KeptWeights> Keep = new(
        "keep", "weights", Forms.Choice<KeptWeights>(),
            KeptWeights.Last, "weights at the end: {choices}, best being those of the lowest validation loss")
    {
        InForce = values => values.Get(ValidationFraction) > 0,
    };

    /// <summary>Evaluations without a lower validation loss after which training ends.</summary>
    public static readonly Setting<int?> Patience = new(
        "patience", "n", Forms.Whole(1).Optional(), null, "stop early after this many evaluations in a row without a lower validation loss")
    {
        DefaultText = "never",
        InForce = values => values.Get(ValidationFraction) > 0,
    };

    /// <summary>Steps between two checkpoints. Ten minutes at most, whatever it says.</summary>
    public static readonly Setting<int?> CheckpointEvery = new(
        "checkpoint_every",
        "steps",
        Forms.Whole(1).Optional(),
        null,
        "steps between two checkpoints (default: a twentieth of all steps, about ten at least, and saving takes a tenth of the time at "
            + "most); ten minutes at most")
    {
        OnResume = OnResume.Free,
    };

    /// <summary>
    /// The run stops where the mean loss of its last 20 steps is larger than this times that of its first 20, plus 1; 0 turns that off.
    /// A loss that is not a number always stops it.
    /// </summary>
    public static readonly Setting<double> DivergenceFactor = new(
        "divergence_factor", "factor", Forms.AtLeast(0),
            3, "stop where the mean loss of 20 steps exceeds this times that of the first 20, plus 1; 0 for never")
    {
        OnResume = OnResume.Free,
    };

    /// <summary>
    /// The run stops where the spread of the student's latents (1 less the squared norm of the mean of their directions) stays below
    /// this in 5 measurements 10 steps apart; 0 turns that off.
    /// </summary>
    public static readonly Setting<double> CollapseThreshold = new(
        "collapse_threshold", "spread", Forms.BelowOne,
            1e-5, "stop where the spread of the latents, from 0 to 1, stays below this for 50 steps; 0 for never")
    {
        OnResume = OnResume.Free,
        InForce = _ => false,
    };

    /// <summary>What a step is made of, and how weights are updated.</summary>
    internal static IReadOnlyList<Setting> OfOptimizer { get; } =
    [
        Steps, Epochs, BatchSize, Accumulation, Checkpointing, LearningRate, Schedule, WarmupSteps, WeightDecay, DecayAll, Clip, Beta1,
        Beta2,
    ];

    /// <summary>How the data are read.</summary>
    internal static IReadOnlyList<Setting> OfData { get; } =
    [
        DataWeights, StageSettings.Limit, StageSettings.MaxTokens, ValidationFraction, StageSettings.SkipBadLines,
        StageSettings.Format, StageSettings.QuestionColumn, StageSettings.RationaleColumn, StageSettings.AnswerColumn,
        StageSettings.Annotations,
    ];

    /// <summary>What the run prints of itself; <paramref name="collapse"/> is when it stops for latents that collapse.</summary>
    internal static IReadOnlyList<Setting> OfRun(Setting<double> collapse) =>
    [
        StageSettings.Config, StageSettings.Resume, DryRun, Seed, StageSettings.Ranks, StageSettings.RankTimeout, StageSettings.Threads,
        StageSettings.ShortDtype, StageSettings.Device,
        LogEvery, EvalEvery, Keep, Patience, CheckpointEvery, DivergenceFactor, collapse,
    ];

    /// <summary>What the settings of every training run must be together.</summary>
    internal static IReadOnlyList<SettingRule> Rules { get; } =
    [
        StageSettings.OutputFolder("settings, metrics, checkpoints and the final model"),
        SettingRule.NotBoth(Steps, Epochs),
        new(
            values => values.Get(DataWeights).Count is > 0 and var weights && weights != values.Get(Data).Count
                ? $"{DataWeights.Say(values)}: {Data.Flag} names {values.Get(Data).Count}; give as many numbers"
                : null,
            DataWeights,
            Data),
        new(
            values => values.Get(Accumulation) > values.Get(BatchSize)
                ? $"{Accumulation.Say(values)} and {BatchSize.Say(values)} contradict each other: a step cannot be cut into more parts "
                    + "than it has rows"
                : null,
            Accumulation,
            BatchSize),
        new(
            values => values.Get(WarmupSteps) > values.Get(Steps)
                ? $"{WarmupSteps.Say(values)} and {Steps.Say(values)} contradict each other: the warm-up would not end"
                : null,
            WarmupSteps,
            Steps),
        new(
            values => values.Get(EvalEvery) is not null && values.Get(ValidationFraction) == 0
                ? $"{EvalEvery.Say(values)} and {ValidationFraction.Flag} 0 contradict each other: there are no rows to evaluate on"
                : null,
            EvalEvery,
            ValidationFraction),
        new(
            values => values.Get(Keep) == KeptWeights.Best && values.Get(ValidationFraction) == 0
                ? $"{Keep.Say(values)} needs {ValidationFraction.Flag}: without rows held out there is no best"
                : null,
            Keep,
            ValidationFraction),
        new(
            values => values.Get(Patience) is not null && values.Get(ValidationFraction) == 0
                ? $"{Patience.Say(values)} needs {ValidationFraction.Flag}: without rows held out nothing is evaluated"
                : null,
            Patience,
            ValidationFraction),
    ];

    private static bool HasSteps(SettingValues values) => values.Get(Steps) is not null;

    private static Setting<T> Optimizer<T>(Setting<T> setting) => setting with { Group = SettingGroups.Optimizer };
}
