using LoRi.Files;
using LoRi.Runs.Settings;
using LoRi.Training;

namespace LoRi.Runs.Plans;

/// <summary>What settings come to, once the rows are counted: steps, warm-up and the trainer's plan.</summary>
/// <param name="settings">The run's settings.</param>
/// <param name="rows">Training rows.</param>
internal sealed class RunPlan(RunSettings settings, int rows)
{
    private const double WarmupShare = 0.03;
    private const int PartsOfARun = 20;
    private const int FewestStepsOfAPart = 10;

    /// <summary>Optimizer steps of the whole run.</summary>
    public int Steps { get; } = settings.Train.Steps ?? ExactEpochs.Steps(settings.Train.Epochs!.Value, rows, settings.Train.BatchSize);

    /// <summary>Steps of linear warm-up.</summary>
    /// <exception cref="InputException">There are more than steps.</exception>
    public int WarmupSteps => settings.Train.WarmupSteps is not { } given ? (int)System.Math.Round(WarmupShare * Steps)
        : given <= Steps ? given
        : throw new InputException(
            $"--warmup-steps {given}: the run has {Steps} steps, so that the warm-up would not end; give fewer, or none");

    /// <summary>Passes over the data.</summary>
    public double Epochs => (double)Steps * settings.Train.BatchSize / rows;

    /// <summary>Steps between two checkpoints.</summary>
    public int CheckpointEvery => settings.Train.CheckpointEvery ?? PartOfARun;

    /// <summary>Steps between two evaluations on the rows held out; null where none are to be held out.</summary>
    public int? EvaluateEvery => settings.Train.ValidationFraction == 0 ? null : settings.Train.EvalEvery ?? PartOfARun;

    /// <summary>The settings with what was derived from the data: what <c>config.json</c> keeps.</summary>
    public RunSettings Resolved => settings
        .With(TrainSettings.Steps, Steps)
        .With(TrainSettings.Epochs, null)
        .With(TrainSettings.WarmupSteps, WarmupSteps)
        .With(TrainSettings.CheckpointEvery, CheckpointEvery)
        .With(TrainSettings.EvalEvery, EvaluateEvery);

    /// <summary>A twentieth of the steps, in short runs ten or a little more, or all of them.</summary>
    private int PartOfARun => Steps / System.Math.Clamp(Steps / FewestStepsOfAPart, 1, PartsOfARun);

    /// <summary>What the trainer receives.</summary>
    public TrainingPlan Training => new()
    {
        Steps = Steps,
        BatchSize = settings.Train.BatchSize,
        MicroBatchSize = TrainingPlan.MicroBatchOf(settings.Train.BatchSize, settings.Train.Accumulation),
        Checkpointing = settings.Train.Checkpointing,
        Seed = settings.Train.Seed,
        Optimizer = settings.Train.Optimizer(WarmupSteps),
    };
}
