using LoRi.Training.Methods;
using LoRi.Training.Models;
using LoRi.Training.Training;
using static TorchSharp.torch;

namespace LoRi.Training.Runs;

/// <summary>The loop around a trainer: resuming, metrics, validation and checkpoints.</summary>
/// <param name="settings">The run's settings.</param>
/// <param name="model">What is trained.</param>
/// <param name="method">How.</param>
/// <param name="data">On what.</param>
/// <param name="run">Where everything goes.</param>
/// <param name="info">Told what happens, a line each.</param>
public sealed class RunLoop(RunSettings settings, ReasoningModel model, ITrainingMethod method, TrainingData data, RunDirectory run, Action<string> info)
{
    private const double WarmupShare = 0.03;
    private const double DefaultEpochs = 3;

    /// <summary>Optimizer steps of the whole run.</summary>
    public int Steps { get; } = settings.Train.Steps
        ?? System.Math.Max(1, (int)System.Math.Ceiling((settings.Train.Epochs ?? DefaultEpochs) * data.Training.Count / settings.Train.BatchSize));

    /// <summary>Steps of linear warm-up.</summary>
    public int WarmupSteps => settings.Train.WarmupSteps ?? (int)System.Math.Round(WarmupShare * Steps);

    /// <summary>The settings with what was derived from the data: what <c>config.json</c> keeps.</summary>
    public RunSettings Resolved => settings with { Train = settings.Train with { Steps = Steps, Epochs = null, WarmupSteps = WarmupSteps } };

    /// <summary>Trains to the end, or until <paramref name="stop"/> asks to save and stop; true where it came to the end.</summary>
    public bool Run(CancellationToken stop)
    {
        using var trainer = new Trainer(model, method, data.Training, Plan());
        if (settings.Train.Resume && run.LatestCheckpoint() is var (_, folder))
        {
            TrainerState.Restore(folder, model, trainer.Optimizer);
            info($"resumed after step {trainer.CompletedSteps}");
        }

        using var metrics = run.OpenMetrics(trainer.CompletedSteps);
        var log = new StepLog(metrics, settings.Train.LogEvery, Steps, info);
        var validated = data.Validation.Count > 0;
        while (!trainer.Finished)
        {
            var step = trainer.Step();
            CheckFinite(step);
            log.Add(step);
            if (validated && settings.Train.EvalEvery is { } evaluation && step.Step % evaluation == 0)
            {
                info($"step {step.Step}: validation task loss {Validate():F4}");
            }

            SaveWhereDue(trainer, step.Step, stop.IsCancellationRequested);
            if (stop.IsCancellationRequested && !trainer.Finished)
            {
                info($"stopped after step {step.Step}; --resume goes on from here");
                return false;
            }
        }

        return true;
    }

    /// <summary>The task's cross-entropy over the rows held out, in nats per graded token.</summary>
    public double Validate()
    {
        using var guard = no_grad();
        var totals = StudentLayout.Totals(data.Validation, settings.Latent.Grade);
        var sum = 0.0;
        foreach (var rows in data.Validation.Chunk(settings.Train.BatchSize))
        {
            using var scope = NewDisposeScope();
            sum += method.Validate(model, rows, totals).to(ScalarType.Float64).item<double>();
        }

        return sum;
    }

    private void SaveWhereDue(Trainer trainer, int step, bool stopping)
    {
        var due = settings.Train.CheckpointEvery is { } every && step % every == 0;
        if (due || stopping || trainer.Finished)
        {
            run.SaveCheckpoint(step, folder => TrainerState.Write(folder, model, trainer.Optimizer));
        }
    }

    private TrainingPlan Plan() => new()
    {
        Steps = Steps,
        BatchSize = settings.Train.BatchSize,
        MicroBatchSize = (settings.Train.BatchSize + settings.Train.Accumulation - 1) / settings.Train.Accumulation,
        Seed = settings.Train.Seed,
        Grading = settings.Latent.Grade,
        Optimizer = new OptimizerSettings
        {
            LearningRate = settings.Train.LearningRate,
            Schedule = settings.Train.Schedule,
            WarmupSteps = WarmupSteps,
            Beta1 = settings.Train.Beta1,
            Beta2 = settings.Train.Beta2,
            WeightDecay = settings.Train.WeightDecay,
            ClipNorm = settings.Train.Clip == 0 ? double.PositiveInfinity : settings.Train.Clip,
        },
    };

    private void CheckFinite(StepMetrics metrics)
    {
        if (!double.IsFinite(metrics.Loss) || !double.IsFinite(metrics.GradientNorm))
        {
            throw new InputException(
                $"{settings.Train.Output}: step {metrics.Step} gave loss {metrics.Loss} and gradient norm {metrics.GradientNorm}; "
                + $"lower --learning-rate ({settings.Train.LearningRate}) and start again, or --resume from the last checkpoint");
        }
    }
}
