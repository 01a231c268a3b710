using LoRi.Files.Data;
using LoRi.Files.Settings;
using LoRi.Training;

namespace LoRi.Runs.Settings;

/// <summary>What settings say of a training run; what each value means says its declaration.</summary>
/// <param name="Values">The settings.</param>
public sealed record TrainOptions(SettingValues Values)
{
    /// <inheritdoc cref="TrainSettings.Model"/>
    public string? Model => Values.Get(TrainSettings.Model);

    /// <inheritdoc cref="StudentSettings.Teacher"/>
    public string? Teacher => Values.Get(StudentSettings.Teacher);

    /// <inheritdoc cref="StageSettings.Tokenizer"/>
    public string? Tokenizer => Values.Get(StageSettings.Tokenizer);

    /// <inheritdoc cref="TrainSettings.Data"/>
    public IReadOnlyList<string> Data => Values.Get(TrainSettings.Data);

    /// <inheritdoc cref="TrainSettings.DataWeights"/>
    public IReadOnlyList<double> DataWeights => Values.Get(TrainSettings.DataWeights);

    /// <inheritdoc cref="TrainSettings.Output"/>
    public string Output => Values.Get(TrainSettings.Output);

    /// <inheritdoc cref="TrainSettings.Steps"/>
    public int? Steps => Values.Get(TrainSettings.Steps);

    /// <inheritdoc cref="TrainSettings.Epochs"/>
    public double? Epochs => Values.Get(TrainSettings.Epochs);

    /// <inheritdoc cref="TrainSettings.BatchSize"/>
    public int BatchSize => Values.Get(TrainSettings.BatchSize);

    /// <inheritdoc cref="TrainSettings.Accumulation"/>
    public int Accumulation => Values.Get(TrainSettings.Accumulation);

    /// <inheritdoc cref="TrainSettings.Checkpointing"/>
    public bool Checkpointing => Values.Get(TrainSettings.Checkpointing);

    /// <inheritdoc cref="TrainSettings.LearningRate"/>
    public double LearningRate => Values.Get(TrainSettings.LearningRate);

    /// <inheritdoc cref="TrainSettings.WarmupSteps"/>
    public int? WarmupSteps => Values.Get(TrainSettings.WarmupSteps);

    /// <inheritdoc cref="TrainSettings.Seed"/>
    public long Seed => Values.Get(TrainSettings.Seed);

    /// <inheritdoc cref="StageSettings.Threads"/>
    public int? Threads => Values.Get(StageSettings.Threads);

    /// <inheritdoc cref="StageSettings.Ranks"/>
    public RanksOption Ranks => Values.Get(StageSettings.Ranks);

    /// <inheritdoc cref="StageSettings.Dtype"/>
    public DtypeOption Dtype => Values.Get(StageSettings.Dtype);

    /// <inheritdoc cref="StageSettings.Device"/>
    public DeviceOption Device => Values.Get(StageSettings.Device);

    /// <inheritdoc cref="TrainSettings.LogEvery"/>
    public int LogEvery => Values.Get(TrainSettings.LogEvery);

    /// <inheritdoc cref="TrainSettings.EvalEvery"/>
    public int? EvalEvery => Values.Get(TrainSettings.EvalEvery);

    /// <inheritdoc cref="TrainSettings.Keep"/>
    public KeptWeights Keep => Values.Get(TrainSettings.Keep);

    /// <inheritdoc cref="TrainSettings.Patience"/>
    public int? Patience => Values.Get(TrainSettings.Patience);

    /// <inheritdoc cref="TrainSettings.CheckpointEvery"/>
    public int? CheckpointEvery => Values.Get(TrainSettings.CheckpointEvery);

    /// <inheritdoc cref="StageSettings.Resume"/>
    public bool Resume => Values.Get(StageSettings.Resume);

    /// <inheritdoc cref="TrainSettings.DryRun"/>
    public bool DryRun => Values.Get(TrainSettings.DryRun);

    /// <inheritdoc cref="TrainSettings.DivergenceFactor"/>
    public double DivergenceFactor => Values.Get(TrainSettings.DivergenceFactor);

    /// <inheritdoc cref="TrainSettings.CollapseThreshold"/>
    public double CollapseThreshold => Values.Get(TrainSettings.CollapseThreshold);

    /// <inheritdoc cref="TrainSettings.ValidationFraction"/>
    public double ValidationFraction => Values.Get(TrainSettings.ValidationFraction);

    /// <inheritdoc cref="StageSettings.MaxTokens"/>
    public int? MaxTokens => Values.Get(StageSettings.MaxTokens);

    /// <summary>How the rows of the data are read.</summary>
    public DataOptions DataOptions() => StageSettings.Reading(Values);

    /// <summary>The optimizer and its course of learning rates.</summary>
    /// <param name="warmupSteps">The steps over which the rate rises, of the run that they were resolved for.</param>
    public OptimizerSettings Optimizer(int warmupSteps) => new()
    {
        LearningRate = LearningRate,
        Schedule = Values.Get(TrainSettings.Schedule),
        WarmupSteps = warmupSteps,
        Beta1 = Values.Get(TrainSettings.Beta1),
        Beta2 = Values.Get(TrainSettings.Beta2),
        WeightDecay = Values.Get(TrainSettings.WeightDecay),
        DecayAll = Values.Get(TrainSettings.DecayAll),
        ClipNorm = Values.Get(TrainSettings.Clip) is > 0 and var clip ? clip : double.PositiveInfinity,
    };
}
