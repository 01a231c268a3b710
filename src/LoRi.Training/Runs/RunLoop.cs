using System.Diagnostics;
using LoRi.Training.Methods;
using LoRi.Training.Models;
using LoRi.Training.Sequences;
using LoRi.Training.Training;
using static TorchSharp.torch;

namespace LoRi.Training.Runs;

/// <summary>What a training run tells while it goes on.</summary>
/// <param name="Info">A line for people.</param>
/// <param name="Step">After every step.</param>
/// <param name="Stop">Asked after every step: whether to save and stop.</param>
public sealed record RunObserver(Action<string> Info, Action<StepMetrics> Step, Func<bool> Stop);

/// <summary>The loop around a trainer: resuming, logging, validation and checkpoints.</summary>
public sealed class RunLoop(RunSettings settings, ReasoningModel model, ITrainingMethod method, TrainingData data, string checkpoints, RunObserver observer)
{
    private const double WarmupShare = 0.03;
    private const double DefaultEpochs = 3;

    /// <summary>Optimizer steps of the whole run.</summary>
    public int Steps { get; } = settings.Train.Steps
        ?? System.Math.Max(1, (int)System.Math.Ceiling((settings.Train.Epochs ?? DefaultEpochs) * data.Training.Count / settings.Train.BatchSize));

    /// <summary>Trains to the end, or until the observer asks to stop; true where it came to the end.</summary>
    public bool Run()
    {
        using var trainer = new Trainer(model, method, data.Training, Plan());
        if (settings.Train.Resume && TrainerState.TryRestore(checkpoints, model, trainer.Optimizer))
        {
            observer.Info($"resumed after step {trainer.CompletedSteps}");
        }

        while (!trainer.Finished)
        {
            var metrics = trainer.Step();
            CheckFinite(metrics);
            observer.Step(metrics);
            var due = settings.Train.CheckpointEvery is { } every && metrics.Step % every == 0;
            var stop = observer.Stop();
            if (due || stop || trainer.Finished)
            {
                TrainerState.Save(checkpoints, model, trainer.Optimizer);
            }

            if (settings.Train.EvalEvery is { } evaluation && metrics.Step % evaluation == 0)
            {
                observer.Info($"step {metrics.Step}: validation {Describe(Validate())}");
            }

            if (stop && !trainer.Finished)
            {
                observer.Info($"stopped after step {metrics.Step}; --resume goes on from here");
                return false;
            }
        }

        return true;
    }

    /// <summary>The loss terms over the rows held out.</summary>
    public IReadOnlyDictionary<string, double> Validate()
    {
        using var guard = no_grad();
        var totals = StudentLayout.Totals(data.Validation, settings.Latent.Grade);
        var sums = new Dictionary<string, double>();
        foreach (var rows in data.Validation.Chunk(settings.Train.BatchSize))
        {
            using var scope = NewDisposeScope();
            foreach (var term in method.ValidationLosses(model, rows, totals))
            {
                sums[term.Name] = sums.GetValueOrDefault(term.Name) + term.Value.to(ScalarType.Float64).item<double>();
            }
        }

        return sums;
    }

    private static string Describe(IReadOnlyDictionary<string, double> terms) =>
        string.Join(", ", terms.Select(term => $"{term.Key} {term.Value:F4}"));

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
            WarmupSteps = settings.Train.WarmupSteps ?? (int)System.Math.Round(WarmupShare * Steps),
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
