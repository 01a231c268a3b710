using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using LoRi.Files;
using LoRi.Files.Text;
using LoRi.Models.Decoders;
using LoRi.Models.Sequences;
using LoRi.Runs.Plans;
using LoRi.Runs.RunFolders;
using LoRi.Runs.Settings;
using LoRi.Training;
using LoRi.Training.Methods;
using static TorchSharp.torch;

namespace LoRi.Runs.Training;

/// <summary>The loop around a trainer: resuming, metrics, validation, the watch and checkpoints.</summary>
/// <param name="settings">The run's settings.</param>
/// <param name="model">What is trained.</param>
/// <param name="method">How.</param>
/// <param name="data">On what.</param>
/// <param name="run">Where everything goes.</param>
/// <param name="log">Told what happens, a line each.</param>
/// <param name="frozenSha256">The SHA-256 of the weights that are not trained, which a checkpoint does not hold; empty where all are.</param>
public sealed class RunLoop(
    RunSettings settings, ReasoningModel model, ITrainingMethod method, TrainingData data, RunDirectory run, RunLog log, string frozenSha256)
{
    /// <summary>Time between two checkpoints, in times that saving one takes.</summary>
    private const int LeastSpacing = 9;

    private static readonly TimeSpan LongestWithoutCheckpoint = TimeSpan.FromMinutes(10);

    private readonly RunPlan plan = new(settings, data.Training.Count);
    private readonly Stopwatch sinceCheckpoint = Stopwatch.StartNew();
    private TimeSpan saving = TimeSpan.Zero;

    /// <summary>Whether checkpoints that are due are left out where saving would take more than a tenth of the time.</summary>
    public bool SpacedByTime { get; init; }

    /// <summary>What the run knows of itself.</summary>
    public RunState State { get; private set; } = new();

    /// <summary>Trains to the end, or until <paramref name="stop"/> asks to save and stop; true where it came to the end.</summary>
    /// <param name="from">The checkpoint to go on from; null to begin.</param>
    /// <param name="stop">Asks to save and stop.</param>
    /// <exception cref="InputException">The run is lost, or something cannot be written.</exception>
    public bool Run(RunCheckpoint? from, CancellationToken stop)
    {
        manual_seed(settings.Train.Seed);
        using var trainer = new Trainer(model, method, data.Training, plan.Training);
        var state = State = Begin(trainer, from);
        if (state.Lines > 0 && !File.Exists(run.MetricsFile))
        {
            log.Warn($"{run.MetricsFile} is not there: its lines before step {from!.Step} are lost, and it begins anew");
        }

        using var metrics = run.OpenMetrics(trainer.CompletedSteps, from?.State.Lines);
        using var events = EventFile.Create(run.EventsFolder, run.ReadMetrics(), log.Warn);
        var steps = new StepLog(metrics, events, state, settings.Train.LogEvery, plan.Steps, log);
        var watch = new RunWatch(settings.Train, model, method.LatentSteps, data.Training, state.Watch);
        while (!trainer.Finished)
        {
            MakeStep(trainer, state, steps, watch);
            var stopping = stop.IsCancellationRequested;
            if (stopping || trainer.Finished || IsDue(trainer.CompletedSteps))
            {
                Save(trainer, state, metrics, watch.SoundUntil(trainer.CompletedSteps));
            }

            if (stopping && !trainer.Finished)
            {
                log.Info($"stopped after step {trainer.CompletedSteps} of {plan.Steps} and saved; the same command with --resume goes on from here");
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
        var done = 0;
        foreach (var rows in data.Validation.Chunk(settings.Train.BatchSize))
        {
            using var scope = NewDisposeScope();
            log.Phase("validating", done += rows.Length, data.Validation.Count);
            sum += method.Validate(model, rows, totals).to(ScalarType.Float64).item<double>();
        }

        return sum;
    }

    private RunState Begin(Trainer trainer, RunCheckpoint? from)
    {
        if (from is null)
        {
            return new RunState { Data = data.Sha256(), Frozen = frozenSha256, Settings = plan.Resolved.ToJson() };
        }

        from.Restore(model, trainer.Optimizer);
        log.Info($"resumed after step {from.Step} of {plan.Steps}");
        return from.State with { Settings = plan.Resolved.ToJson() };
    }

    private void MakeStep(Trainer trainer, RunState state, StepLog steps, RunWatch watch)
    {
        var step = FailureText.At(string.Create(CultureInfo.InvariantCulture, $"step {trainer.CompletedSteps + 1}"), trainer.Step);
        var measures = new Dictionary<string, double>();
        var spread = watch.Measure(step.Step);
        if (spread is { } value)
        {
            measures["latent_spread"] = value;
        }

        if (watch.Check(step, spread) is { } wrong)
        {
            steps.Add(step, measures, kept: true, shown: true);
            throw Lost(step.Step, wrong, watch.SoundUntil(step.Step));
        }

        var validated = data.Validation.Count > 0 && plan.EvaluateEvery is { } every && step.Step % every == 0;
        if (validated)
        {
            measures["validation_loss"] = Validate(step.Step, state);
        }

        steps.Add(step, measures, kept: validated, shown: false);
    }

    private double Validate(int step, RunState state)
    {
        var loss = Validate();
        if (state.BestValidation is not { } best || loss < best)
        {
            (state.BestValidation, state.BestStep) = (loss, step);
        }

        log.Info(string.Create(CultureInfo.InvariantCulture, $"step {step}: validation task loss {NumberText.Of(loss)}, best {NumberText.Of(state.BestValidation ?? loss)} at step {state.BestStep}"));
        return loss;
    }

    private bool IsDue(int step) => (step % plan.CheckpointEvery == 0 && (!SpacedByTime || sinceCheckpoint.Elapsed >= LeastSpacing * saving))
        || sinceCheckpoint.Elapsed > LongestWithoutCheckpoint;

    private void Save(Trainer trainer, RunState state, MetricsWriter metrics, int sound)
    {
        using (var finite = model.Parameters.Values.isfinite().all())
        {
            if (!finite.item<bool>())
            {
                throw Lost(trainer.CompletedSteps, new WatchFinding("there are weights that are not finite", trainer.CompletedSteps), sound);
            }
        }

        log.Phase("saving a checkpoint");
        var start = Stopwatch.GetTimestamp();
        metrics.FlushToDisk();
        state.Lines = metrics.Lines;
        run.SaveCheckpoint(
            trainer.CompletedSteps,
            folder => RunCheckpoint.Write(folder, model, trainer.Optimizer, state),
            sound: sound);
        saving = Stopwatch.GetElapsedTime(start);
        sinceCheckpoint.Restart();
    }

    /// <param name="step">The step after which it was seen.</param>
    /// <param name="wrong">What is wrong.</param>
    /// <param name="sound">The last step before anything looked wrong; a checkpoint of it is second best to one from before all that was averaged.</param>
    private InputException Lost(int step, WatchFinding wrong, int sound)
    {
        var all = run.Checkpoints();
        var good = all.LastOrDefault(one => one.Step < wrong.Since).Folder ?? all.LastOrDefault(one => one.Step < step && one.Step <= sound).Folder;
        return new InputException(
            string.Create(CultureInfo.InvariantCulture, $"{settings.Train.Output}: stopped at step {step}: {wrong.What}; ")
            + (good is null ? "no checkpoint from before that is kept" : $"the last good checkpoint is {good}")
            + string.Create(CultureInfo.InvariantCulture, $"; begin again under another --output with a lower --learning-rate than {settings.Train.LearningRate}, or look at the data of that step"));
    }
}
