using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using LoRi.Files;
using LoRi.Files.Text;
using LoRi.Models;
using LoRi.Models.Decoders;
using LoRi.Models.ModelFiles;
using LoRi.Runs.Plans;
using LoRi.Runs.RunFolders;
using LoRi.Runs.Settings;
using LoRi.Training;
using LoRi.Training.Methods;
using LoRi.Training.Ranks;
using static TorchSharp.torch;

namespace LoRi.Runs.Training;

/// <summary>The loop around a trainer, a learning stage after the other: resuming, metrics, validation, the watch and
/// checkpoints.</summary>
/// <param name="settings">The run's settings.</param>
/// <param name="method">How the model is trained.</param>
/// <param name="context">What is trained, and on what.</param>
/// <param name="data">The rows.</param>
/// <param name="run">Where everything goes.</param>
/// <param name="log">Told what happens, a line each.</param>
/// <param name="frozenSha256">The SHA-256 of the weights that are not trained, which a checkpoint does not hold; empty where all
/// are.</param>
/// <param name="ranks">The processes that share the steps.</param>
internal sealed class RunLoop(
    RunSettings settings, MethodPlan method, StageContext context, TrainingData data, RunDirectory run, RunLog log, string frozenSha256,
    ICommunicator ranks)
{
    /// <summary>Time between two checkpoints, in times that saving one takes.</summary>
    private const int LeastSpacing = 9;

    private static readonly TimeSpan LongestWithoutCheckpoint = TimeSpan.FromMinutes(10);

    private readonly ReasoningModel model = context.Model;
    private readonly RunPlan plan = new(settings, data.Training.Count);
    private readonly int stages = method.Stages.OfType<LearningStage>().Count();
    private readonly Stopwatch sinceCheckpoint = Stopwatch.StartNew();
    private readonly BestWeights kept = new(run.FolderPath);
    private TimeSpan saving = TimeSpan.Zero;

    /// <summary>Steps that the stage before this one made.</summary>
    private int stepsBefore;

    private bool KeepsBest => settings.Train.Keep == KeptWeights.Best;

    /// <summary>Whether checkpoints that are due are left out where saving would take more than a tenth of the time.</summary>
    public bool SpacedByTime { get; init; }

    /// <summary>What the run knows of itself.</summary>
    public RunState State { get; private set; } = new();

    /// <summary>Where the model is in its course.</summary>
    public TrainedAt Trained { get; private set; } = new("", 0, "last");

    /// <summary>Runs a learning stage to its end, or until <paramref name="stop"/> asks to save and stop; true where it came to the
    /// end.</summary>
    /// <param name="stage">The stage.</param>
    /// <param name="number">Its number among the learning stages, from 0.</param>
    /// <param name="from">The checkpoint that the run is resumed from; null to begin.</param>
    /// <param name="stop">Asks to save and stop.</param>
    /// <exception cref="InputException">The run is lost, or something cannot be written.</exception>
    public bool Run(LearningStage stage, int number, RunCheckpoint? from, CancellationToken stop)
    {
        if (from is not null && number < from.State.Stage)
        {
            return true;
        }

        manual_seed(settings.Train.Seed);
        model.Parameters.Learn(stage.Learns(model));
        var objective = stage.Objective(context);
        using var trainer = new Trainer(model, objective, data.Training, plan.Training, ranks);
        Begin(trainer, stage, number, from is not null && number == from.State.Stage ? from : null);
        if (!Train(trainer, objective, from, stop))
        {
            return false;
        }

        stepsBefore = trainer.CompletedSteps;
        Trained = Kept(stage, trainer);
        return true;
    }

    /// <summary>The task's cross-entropy over the rows held out, in nats per graded token.</summary>
    /// <param name="objective">What is minimised.</param>
    /// <param name="now">Where the training is.</param>
    public double Validate(IObjective objective, Moment now)
    {
        using var guard = no_grad();
        var prepared = objective.Prepare(data.Validation, now, new SeededRandom(settings.Train.Seed, "validation"));
        var chunks = Enumerable.Range(0, data.Validation.Count).Chunk(settings.Train.BatchSize).ToArray();
        var own = new List<double>();
        for (var chunk = ranks.Rank; chunk < chunks.Length; chunk += ranks.Size)
        {
            using var scope = NewDisposeScope();
            var rows = chunks[chunk];
            log.Phase("validating", rows[^1] + 1, data.Validation.Count);
            own.Add(prepared.Task(model, rows[0], rows.Length).to(ScalarType.Float64).item<double>());
        }

        var all = ranks.Gather(MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(own)));
        return Enumerable.Range(0, chunks.Length).Aggregate(0.0, (sum, chunk) =>
            sum + BitConverter.ToDouble(all[chunk % ranks.Size], sizeof(double) * (chunk / ranks.Size)));
    }

    /// <summary>The model gets the weights that the settings keep of a stage.</summary>
    private TrainedAt Kept(LearningStage stage, Trainer trainer)
    {
        if (!KeepsBest || State.BestStep == 0)
        {
            return new(stage.Name, trainer.CompletedSteps, "last");
        }

        kept.Restore(State.BestStep, model);
        log.Info(string.Create(CultureInfo.InvariantCulture, $"the weights of step {State.BestStep} are kept, whose validation task loss "
            + $"{NumberText.Of(State.BestValidation!.Value)} is the lowest"));
        return new(stage.Name, State.BestStep - State.Offset, "best");
    }

    private bool Train(Trainer trainer, IObjective objective, RunCheckpoint? from, CancellationToken stop)
    {
        if (State.Lines > 0 && !File.Exists(run.MetricsFile))
        {
            log.Warn($"{run.MetricsFile} is not there: its lines before step {State.Offset + trainer.CompletedSteps} are lost, and it "
                + "begins anew");
        }

        using var metrics = run.OpenMetrics(State.Offset + trainer.CompletedSteps, from is null && State.Stage == 0 ? null : State.Lines);
        using var events = run.IsOwner ? EventFile.Create(run.EventsFolder, run.ReadMetrics(), log.Warn) : EventFile.Nowhere();
        var steps = new StepLog(metrics, events, State, settings.Train.LogEvery, plan.Steps * stages, log);
        var watch = new RunWatch(settings.Train, model, method.Reasoning, data.Training, State.Watch);
        while (!trainer.Finished && !State.EndedEarly)
        {
            MakeStep(trainer, objective, steps, watch);
            var made = State.Offset + trainer.CompletedSteps;
            var (stopping, due) = Decided(IsDue(made), stop);
            var ended = trainer.Finished || State.EndedEarly;
            if (stopping || ended || due)
            {
                Save(trainer, metrics, watch.SoundUntil(made));
            }

            if (stopping && !(ended && State.Stage == stages - 1))
            {
                log.Info($"stopped after step {made} of {plan.Steps * stages} and saved; "
                    + "the same command with --resume continues from here");
                return false;
            }
        }

        return true;
    }

    /// <summary>Whether any rank is asked to stop, and whether a checkpoint is due by the first one's clock: alike on all.</summary>
    private (bool Stopping, bool Due) Decided(bool due, CancellationToken stop)
    {
        var all = ranks.Gather([Convert.ToByte(stop.IsCancellationRequested), Convert.ToByte(due)]);
        return (all.Any(one => one[0] != 0), all[0][1] != 0);
    }

    /// <summary>Where the stage begins: at its first step, or where a checkpoint was made in it.</summary>
    private void Begin(Trainer trainer, LearningStage stage, int number, RunCheckpoint? from)
    {
        if (from is not null)
        {
            from.Restore(model, trainer);
            log.Info($"resumed after step {from.Step} of {plan.Steps * stages}");
            State = from.State with { Settings = plan.Resolved.ToJson() };
        }
        else if (number == 0)
        {
            State = new RunState { Data = data.Sha256(), Frozen = frozenSha256, Settings = plan.Resolved.ToJson() };
        }
        else
        {
            State.BeginStage(number, stepsBefore);
        }

        if (stages > 1)
        {
            log.Info($"stage {stage.Name}, {number + 1} of {stages}");
        }
    }

    private void MakeStep(Trainer trainer, IObjective objective, StepLog steps, RunWatch watch)
    {
        var number = State.Offset + trainer.CompletedSteps + 1;
        var step = FailureText.At(string.Create(CultureInfo.InvariantCulture, $"step {number}"), trainer.Step) with { Step = number };
        if (step.Point != State.Point)
        {
            State.BeginPoint(step.Point);
            log.Info($"step {number}: the curriculum comes to point {step.Point}; losses before it are not compared with those after");
        }

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
            measures["validation_loss"] = Validated(step.Step, objective, trainer.Before);
            EndEarly();
        }

        steps.Add(step, measures, kept: validated, shown: false);
    }

    private double Validated(int step, IObjective objective, Moment now)
    {
        var loss = Validate(objective, now);
        if (State.BestValidation is not { } best || loss < best)
        {
            (State.BestValidation, State.BestStep, State.SinceBest) = (loss, step, 0);
            if (KeepsBest && run.IsOwner)
            {
                kept.Keep(step, model);
            }
        }
        else
        {
            State.SinceBest++;
        }

        log.Info(string.Create(CultureInfo.InvariantCulture, $"step {step}: validation task loss {NumberText.Of(loss)}, best "
            + $"{NumberText.Of(State.BestValidation ?? loss)} at step {State.BestStep}"));
        return loss;
    }

    private void EndEarly()
    {
        if (settings.Train.Patience is { } patience && State.SinceBest >= patience)
        {
            State.EndedEarly = true;
            log.Info($"stops early: the last {State.SinceBest} evaluations have no lower validation loss than that of step "
                + $"{State.BestStep} (--patience {patience})");
        }
    }

    private bool IsDue(int step) =>
        (step % plan.CheckpointEvery == 0 && (!SpacedByTime || sinceCheckpoint.Elapsed >= LeastSpacing * saving))
        || sinceCheckpoint.Elapsed > LongestWithoutCheckpoint;

    private void Save(Trainer trainer, MetricsWriter metrics, int sound)
    {
        if (!run.IsOwner)
        {
            TrainerState.Contribute(trainer);
            return;
        }

        var made = State.Offset + trainer.CompletedSteps;
        using (var finite = model.Parameters.Values.isfinite().all())
        {
            if (!finite.item<bool>())
            {
                throw Lost(made, new WatchFinding("there are weights that are not finite", made), sound);
            }
        }

        log.Phase("saving a checkpoint");
        var start = Stopwatch.GetTimestamp();
        metrics.FlushToDisk();
        State.Lines = metrics.Lines;
        run.SaveCheckpoint(
            made,
            folder => RunCheckpoint.Write(folder, model, trainer, State),
            sound: sound);
        kept.RemoveAllBut(State.BestStep);
        saving = Stopwatch.GetElapsedTime(start);
        sinceCheckpoint.Restart();
    }

    /// <param name="step">The step after which it was seen.</param>
    /// <param name="wrong">What is wrong.</param>
    /// <param name="sound">The last step before anything looked wrong; a checkpoint of it is second best to one from before all that was
    /// averaged.</param>
    private InputException Lost(int step, WatchFinding wrong, int sound)
    {
        var all = run.Checkpoints();
        var good = all.LastOrDefault(one => one.Step < wrong.Since).Folder
            ?? all.LastOrDefault(one => one.Step < step && one.Step <= sound).Folder;
        return new InputException(
            string.Create(CultureInfo.InvariantCulture, $"{settings.Train.Output}: stopped at step {step}: {wrong.What}; ")
            + (good is null ? "no checkpoint from before that is kept" : $"the last good checkpoint is {good}")
            + string.Create(CultureInfo.InvariantCulture, $"; begin again under another --output with a lower --learning-rate than "
                + $"{settings.Train.LearningRate}, or look at the data of that step"));
    }
}
