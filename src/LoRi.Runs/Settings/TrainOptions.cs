using LoRi.Files.Data;
using LoRi.Files.Settings;
using LoRi.Training;

namespace LoRi.Runs.Settings;

/// <summary>What settings say of a training run; what each value means says its declaration in <see cref="TrainSettings"/>.</summary>
/// <param name="Values">The settings.</param>
#pragma warning disable CS1591 // Each value is documented where its setting is declared.
public sealed record TrainOptions(SettingValues Values)
{
    public string? Model => Values.Get(TrainSettings.Model);

    public string? Teacher => Values.Get(StudentSettings.Teacher);

    public string? Tokenizer => Values.Get(StageSettings.Tokenizer);

    public IReadOnlyList<string> Data => Values.Get(TrainSettings.Data);

    public IReadOnlyList<double> DataWeights => Values.Get(TrainSettings.DataWeights);

    public string Output => Values.Get(TrainSettings.Output);

    public int? Steps => Values.Get(TrainSettings.Steps);

    public double? Epochs => Values.Get(TrainSettings.Epochs);

    public int BatchSize => Values.Get(TrainSettings.BatchSize);

    public int Accumulation => Values.Get(TrainSettings.Accumulation);

    public bool Checkpointing => Values.Get(TrainSettings.Checkpointing);

    public double LearningRate => Values.Get(TrainSettings.LearningRate);

    public int? WarmupSteps => Values.Get(TrainSettings.WarmupSteps);

    public long Seed => Values.Get(TrainSettings.Seed);

    public int? Threads => Values.Get(StageSettings.Threads);

    public RanksOption Ranks => Values.Get(StageSettings.Ranks);

    public DtypeOption Dtype => Values.Get(StageSettings.Dtype);

    public DeviceOption Device => Values.Get(StageSettings.Device);

    public int LogEvery => Values.Get(TrainSettings.LogEvery);

    public int? EvalEvery => Values.Get(TrainSettings.EvalEvery);

    public KeptWeights Keep => Values.Get(TrainSettings.Keep);

    public int? Patience => Values.Get(TrainSettings.Patience);

    public int? CheckpointEvery => Values.Get(TrainSettings.CheckpointEvery);

    public bool Resume => Values.Get(StageSettings.Resume);

    public bool DryRun => Values.Get(TrainSettings.DryRun);

    public double DivergenceFactor => Values.Get(TrainSettings.DivergenceFactor);

    public double CollapseThreshold => Values.Get(TrainSettings.CollapseThreshold);

    public double ValidationFraction => Values.Get(TrainSettings.ValidationFraction);

    public int? MaxTokens => Values.Get(StageSettings.MaxTokens);

    public DataOptions DataOptions() => StageSettings.Reading(Values);

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
