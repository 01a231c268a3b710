using LoRi.Files;
using LoRi.Files.Data;
using LoRi.Training;

namespace LoRi.Runs.Settings;

/// <summary>What every training command shares. Property names in snake case are the keys of <c>config.json</c>.</summary>
public sealed record TrainOptions
{
    /// <summary>Passes over the data where neither steps nor epochs are given.</summary>
    public const double DefaultEpochs = 3;

    /// <summary><c>--model</c>: a Hub folder, a run directory, a GGUF file, or a folder whose only weights are one GGUF.</summary>
    public string? Model { get; init; }

    /// <summary><c>--teacher</c>: the explicit chain-of-thought model, as a run directory or a folder.</summary>
    public string? Teacher { get; init; }

    /// <summary><c>--tokenizer</c>: a tokenizer file or folder; left out, the one beside the weights.</summary>
    public string? Tokenizer { get; init; }

    /// <summary><c>--data</c>: the training files.</summary>
    public IReadOnlyList<string> Data { get; init; } = [];

    /// <summary><c>--output</c>: the run directory.</summary>
    public string Output { get; init; } = "";

    /// <summary><c>--steps</c>: optimizer steps; excludes <see cref="Epochs"/>.</summary>
    public int? Steps { get; init; }

    /// <summary><c>--epochs</c>: passes over the data; 3 where neither this nor <see cref="Steps"/> is given.</summary>
    public double? Epochs { get; init; }

    /// <summary><c>--batch-size</c>: rows of one optimizer step.</summary>
    public int BatchSize { get; init; } = 32;

    /// <summary><c>--accumulation</c>: micro-batches that a step's rows are cut into, to save memory.</summary>
    public int Accumulation { get; init; } = 1;

    /// <summary><c>--learning-rate</c>: the peak.</summary>
    public double LearningRate { get; init; } = 1e-4;

    /// <summary><c>--schedule</c>: course of the learning rate after the warm-up.</summary>
    public Schedule Schedule { get; init; } = Schedule.Cosine;

    /// <summary><c>--warmup-steps</c>: steps of linear warm-up; left out, 3 % of all steps.</summary>
    public int? WarmupSteps { get; init; }

    /// <summary><c>--weight-decay</c>: decoupled, on matrices only unless <see cref="DecayAll"/>.</summary>
    public double WeightDecay { get; init; } = 0.01;

    /// <summary><c>--decay-all</c>: decay tables, norms and biases as well.</summary>
    public bool DecayAll { get; init; }

    /// <summary><c>--clip</c>: largest global 2-norm of the gradient; 0 turns clipping off.</summary>
    public double Clip { get; init; } = 1;

    /// <summary><c>--beta1</c>: decay of AdamW's first moment.</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary><c>--beta2</c>: decay of AdamW's second moment.</summary>
    public double Beta2 { get; init; } = 0.999;

    /// <summary><c>--seed</c>: of the data order, of new weights and of everything else that is random.</summary>
    public long Seed { get; init; }

    /// <summary><c>--threads</c>: threads of one operation; left out, libtorch's own choice.</summary>
    public int? Threads { get; init; }

    /// <summary><c>--dtype</c>: type of the arithmetic.</summary>
    public DtypeOption Dtype { get; init; } = DtypeOption.F32;

    /// <summary><c>--device</c>: where the arithmetic is done.</summary>
    public DeviceOption Device { get; init; } = DeviceOption.Cpu;

    /// <summary><c>--limit</c>: rows of data that are read, from the beginning; left out, all.</summary>
    public int? Limit { get; init; }

    /// <summary><c>--log-every</c>: steps between two lines of the log and of <c>metrics.jsonl</c>.</summary>
    public int LogEvery { get; init; } = 10;

    /// <summary><c>--eval-every</c>: steps between two evaluations on the validation rows; left out, a twentieth of all steps, about ten at least, where there are such rows.</summary>
    public int? EvalEvery { get; init; }

    /// <summary>
    /// <c>--checkpoint-every</c>: steps between two checkpoints; left out, a twentieth of all steps, about ten at least, and further apart
    /// where saving would take more than a tenth of the time. Ten minutes at most, whatever it says.
    /// </summary>
    public int? CheckpointEvery { get; init; }

    /// <summary><c>--resume</c>: go on from the last complete checkpoint, or begin where there is none.</summary>
    public bool Resume { get; init; }

    /// <summary><c>--dry-run</c>: check and report everything up to the first step, and stop.</summary>
    public bool DryRun { get; init; }

    /// <summary>
    /// <c>--divergence-factor</c>: the run stops where the mean loss of its last 20 steps is larger than this times that of its
    /// first 20, plus 1; 0 turns that off. A loss that is not a number always stops it.
    /// </summary>
    public double DivergenceFactor { get; init; } = 3;

    /// <summary>
    /// <c>--collapse-threshold</c>: the run stops where the spread of the student's latents (1 less the squared norm of the mean
    /// of their directions) stays below this in 5 measurements 10 steps apart; 0 turns that off.
    /// </summary>
    public double CollapseThreshold { get; init; } = 1e-5;

    /// <summary><c>--validation-fraction</c>: share of the rows held out, chosen by a hash of the question.</summary>
    public double ValidationFraction { get; init; }

    /// <summary><c>--max-tokens</c>: longer examples are left out and counted; left out, none are.</summary>
    public int? MaxTokens { get; init; }

    /// <summary><c>--skip-bad-lines</c>: count rows that cannot be read instead of stopping.</summary>
    public bool SkipBadLines { get; init; }

    /// <summary><c>--format</c>: form of the data files; left out, found from their content.</summary>
    public DataFormat? Format { get; init; }

    /// <summary><c>--question-column</c>: name of the question in generic data.</summary>
    public string QuestionColumn { get; init; } = "question";

    /// <summary><c>--rationale-column</c>: name of the rationale in generic data.</summary>
    public string RationaleColumn { get; init; } = "rationale";

    /// <summary><c>--answer-column</c>: name of the answer in generic data.</summary>
    public string AnswerColumn { get; init; } = "answer";

    /// <summary><c>--annotations</c>: what becomes of GSM8K's calculator annotations.</summary>
    public AnnotationHandling Annotations { get; init; } = AnnotationHandling.Strip;

    /// <summary>
    /// The same with full paths, so that they mean the same from everywhere. A model that is no path here keeps its name.
    /// </summary>
    public TrainOptions WithFullPaths() => this with
    {
        Model = OptionRules.FullPathOf(Model),
        Teacher = OptionRules.FullPathOf(Teacher),
        Tokenizer = OptionRules.FullPathOf(Tokenizer),
        Data = [.. Data.Select(OptionRules.FullPath)],
        Output = OptionRules.FullPath(Output),
    };

    /// <summary>How the data files are read.</summary>
    public DataOptions DataOptions() => new()
    {
        Format = Format,
        QuestionColumn = QuestionColumn,
        RationaleColumn = RationaleColumn,
        AnswerColumn = AnswerColumn,
        Annotations = Annotations,
        SkipBadLines = SkipBadLines,
        Limit = Limit,
    };

    /// <summary>Checks everything that can be checked without reading a file.</summary>
    /// <exception cref="InputException">A value is out of range, or two contradict each other.</exception>
    public void Validate()
    {
        RequirePlaces();
        OptionRules.NotBoth("--steps", Steps, "--epochs", Epochs);
        OptionRules.AtLeast("--steps", Steps, 1);
        OptionRules.Positive("--epochs", Epochs);
        OptionRules.AtLeast<int>("--batch-size", BatchSize, 1);
        OptionRules.AtLeast<int>("--accumulation", Accumulation, 1);
        if (Accumulation > BatchSize)
        {
            throw new InputException($"--accumulation {Accumulation} and --batch-size {BatchSize} contradict each other: "
                + "a step cannot be cut into more parts than it has rows");
        }

        ValidateOptimizer();
        OptionRules.AtLeast("--threads", Threads, 1);
        OptionRules.AtLeast("--limit", Limit, 1);
        OptionRules.AtLeast<int>("--log-every", LogEvery, 1);
        OptionRules.AtLeast("--eval-every", EvalEvery, 1);
        OptionRules.AtLeast("--checkpoint-every", CheckpointEvery, 1);
        OptionRules.AtLeast("--max-tokens", MaxTokens, 1);
        OptionRules.AtLeast<double>("--divergence-factor", DivergenceFactor, 0);
        OptionRules.BelowOne("--collapse-threshold", CollapseThreshold, 0);
        OptionRules.BelowOne("--validation-fraction", ValidationFraction, 0);
        if (EvalEvery is { } every && ValidationFraction == 0)
        {
            throw new InputException($"--eval-every {every} and --validation-fraction 0 contradict each other: "
                + "there are no rows to evaluate on");
        }

        if (Dtype == DtypeOption.F64)
        {
            throw OptionRules.Wrong("--dtype", "float64", "training uses float32 or bfloat16");
        }
    }

    private void RequirePlaces()
    {
        if (Data.Count == 0)
        {
            throw new InputException("--data is missing: name at least one training file");
        }

        if (Output.Length == 0)
        {
            throw new InputException("--output is missing: name the run directory");
        }

        OutputName.RequireFolder(Output, "settings, metrics, checkpoints and the final model");
    }

    private void ValidateOptimizer()
    {
        OptionRules.Positive("--learning-rate", LearningRate);
        OptionRules.AtLeast("--warmup-steps", WarmupSteps, 0);
        if (WarmupSteps is { } warmup && Steps is { } steps && warmup > steps)
        {
            throw new InputException($"--warmup-steps {warmup} and --steps {steps} contradict each other: the warm-up would not end");
        }

        OptionRules.AtLeast<double>("--weight-decay", WeightDecay, 0);
        OptionRules.AtLeast<double>("--clip", Clip, 0);
        OptionRules.BelowOne("--beta1", Beta1, 0);
        OptionRules.BelowOne("--beta2", Beta2, 0);
    }
}
