using System.Diagnostics;
using System.Globalization;
using LoRi.Files;
using LoRi.Files.Json;
using LoRi.Models.Decoders;
using LoRi.Models.Native;
using LoRi.Runs.Answers;
using LoRi.Runs.Plans;
using LoRi.Runs.RunFolders;
using LoRi.Runs.Settings;
using LoRi.Training.Methods;
using LoRi.Training.Ranks;
using static TorchSharp.torch;

namespace LoRi.Runs.Training;

/// <summary>
/// <c>lori teach</c> and <c>lori distill</c>: from settings to a trained model in a run directory. Everything that can be
/// refused is refused before weights are read.
/// </summary>
public sealed class TrainingStage
{
    /// <summary>What the first rank says to the others where there is nothing left to do, or where the run begins; else a step.</summary>
    private const string Finished = "finished";
    private const string Begins = "begins";

    private readonly RunSettings settings;
    private readonly MethodPlan method;
    private readonly RunLog log;
    private readonly ICommunicator ranks;
    private readonly Stopwatch clock = Stopwatch.StartNew();

    private TrainingStage(RunSettings settings, MethodPlan method, RunLog log, ICommunicator ranks) =>
        (this.settings, this.method, this.log, this.ranks) = (settings, method, log, ranks);

    /// <summary>Runs a stage to its end, or until <paramref name="stop"/>; true where it came to its end.</summary>
    /// <param name="settings">Checked settings.</param>
    /// <param name="screen">Where the run is shown; null for nowhere.</param>
    /// <param name="stop">Asks to save a checkpoint and stop.</param>
    /// <param name="ranks">The processes that share the steps, all of which call this; null for this one alone.</param>
    /// <returns>Whether it came to its end.</returns>
    public static bool Run(RunSettings settings, IRunScreen? screen, CancellationToken stop, ICommunicator? ranks = null)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ranks ??= SingleProcess.Instance;
        settings = Resolved(settings);
        using var method = settings.Method.Plan(settings.Values);
        settings.CheckForm(method);
        if (settings.Train.DryRun)
        {
            return Estimated(settings, method, screen, stop);
        }

        StepSharing.Check(settings, ranks);
        StepSharing.Agree(settings, ranks);
        return StepSharing.Connected(settings.Values, ranks, connected =>
        {
            if (connected.IsFirst)
            {
                return Owned(settings, method, screen, connected, stop);
            }

            using var log = new RunLog(null, null);
            return new TrainingStage(settings, method, log, connected).Follow(stop);
        });
    }

    /// <summary>The run in a folder that this process makes, and keeps to itself until it ends.</summary>
    private static bool Owned(RunSettings settings, MethodPlan method, IRunScreen? screen, ICommunicator ranks, CancellationToken stop)
    {
        var before = StartedFolder.At(settings.Train.Output);
        var run = RunDirectory.Create(settings.Train.Output, settings.Train.Resume);
        using var held = run.Lock();
        try
        {
            using var log = new RunLog(run.LogFile, screen);
            var stage = new TrainingStage(settings, method, log, ranks);
            return stage.IsFinished(run) || stage.Execute(run, stop);
        }
        catch
        {
            before.TakeBack(RunDirectory.MadeFirst);
            throw;
        }
    }

    /// <summary>The settings, checked, with all that the start, the teacher and this machine decide.</summary>
    private static RunSettings Resolved(RunSettings settings)
    {
        settings.Validate();
        NativeRuntime.Load();
        if (settings.TeacherShape() is { } shape)
        {
            settings.Method.CheckTeacher(settings.Values, settings.Train.Teacher!, shape);
        }

        settings = settings with { Values = settings.Method.StartingFrom(settings.Values, settings.Start) };
        settings = settings.WithAnswerPrefix();
        return settings.With(StageSettings.Threads, settings.Train.Threads ?? get_num_threads());
    }

    private static bool Estimated(RunSettings settings, MethodPlan method, IRunScreen? screen, CancellationToken stop)
    {
        using var shown = new RunLog(null, screen);
        try
        {
            return new TrainingStage(settings, method, shown, SingleProcess.Instance).Estimate(stop);
        }
        catch (OperationCanceledException e)
        {
            throw new InputException("--dry-run: was stopped before the estimate was made", e);
        }
    }

    /// <summary>Whether there is nothing left to do; such a run must have been made with the same settings.</summary>
    private bool IsFinished(RunDirectory run)
    {
        if (!run.Finished)
        {
            return false;
        }

        var written = JsonFile.ReadObject(run.ConfigFile);
        ResumeRules.CheckGiven(settings, written);
        if (written["data"]?.ToJsonString() is { } data && data != settings.ToJson()["data"]!.ToJsonString())
        {
            log.Warn($"--data {string.Join(' ', settings.Train.Data)} is not read: this run has learnt from {data}; name another --output "
                + "to learn from other files");
        }

        log.Info($"this run is finished, there is nothing to resume: {run.FinalFolder}");
        Agreement.FromFirst(ranks, Finished);
        return true;
    }

    /// <summary>The same run beside the process that owns its folder.</summary>
    private bool Follow(CancellationToken stop)
    {
        var said = Agreement.FromFirst(ranks, "");
        if (said == Finished)
        {
            return true;
        }

        var run = RunDirectory.Follow(settings.Train.Output);
        return Train(run, said == Begins ? null : RunCheckpoint.Of(run, int.Parse(said, CultureInfo.InvariantCulture)), stop);
    }

    private bool Execute(RunDirectory run, CancellationToken stop)
    {
        var from = settings.Train.Resume ? FindCheckpoint(run) : null;
        if (from is null)
        {
            run.WriteConfig(settings.ToJson());
        }

        try
        {
            Agreement.FromFirst(ranks, from?.Step.ToString(CultureInfo.InvariantCulture) ?? Begins);
            return Train(run, from, stop);
        }
        catch (OperationCanceledException)
        {
            var next = from is null ? "begins again, with what the teacher cache has" : $"continues from {from.Folder}";
            log.Info($"stopped before the first step; --resume {next}");
            return ranks.Size == 1 ? false
                : throw new InputException($"{settings.Train.Output}: the run was stopped before its first step; --resume {next}");
        }
    }

    private RunCheckpoint? FindCheckpoint(RunDirectory run)
    {
        var from = RunCheckpoint.Latest(run);
        if (from is null)
        {
            log.Info("there is no complete checkpoint: the run begins");
        }
        else if (ResumeRules.CheckGiven(settings, from.State.Settings) is { } warning)
        {
            log.Warn(warning);
        }

        return from;
    }

    private bool Train(RunDirectory run, RunCheckpoint? from, CancellationToken stop)
    {
        // Until the first step the first rank alone decides to stop: the others would leave it waiting.
        var early = ranks.IsFirst ? stop : CancellationToken.None;
        using var prepared = PreparedRun.Of(settings, method, log, early);
        StepSharing.Agree(prepared, ranks);
        var (model, data) = (prepared.Model, prepared.Data);
        var plan = new RunPlan(settings, data.Training.Count);
        var resolved = plan.Resolved.With(SharedSettings.ProjectionWidth, settings.Latent.ProjectionWidth ?? model.Projection.Width);
        if (from is not null)
        {
            ResumeRules.CheckResolved(resolved, data.Sha256(), from);
            ResumeRules.CheckBase(resolved, prepared.FrozenSha256, from);
        }

        var context = Context(prepared, run.FolderPath, early) with
        {
            HasBegun = run.HasBegun,
            IsResumed = from is not null,
            Ranks = ranks,
        };
        var loop = new RunLoop(resolved, method, context, data, run, log, prepared.FrozenSha256, ranks)
        { SpacedByTime = settings.Train.CheckpointEvery is null };
        StageMeasures? measures = null;
        var learning = 0;
        foreach (var stage in method.Stages)
        {
            if (stage is CollectingStage collecting)
            {
                Collect(collecting, context);
                continue;
            }

            measures ??= Begin(run, resolved, plan, model);
            if (!loop.Run((LearningStage)stage, learning++, from, stop))
            {
                return false;
            }
        }

        // The final model comes last: where it is, everything is.
        if (!run.IsOwner)
        {
            return true;
        }

        measures!.Write(settings.Command, loop.State.Tokens, loop.State.Seconds, log.Info);
        log.Phase("writing the final model");
        run.SaveFinal(folder => new FinalModel(settings, method, prepared, loop.Trained).Write(folder));
        log.Info($"finished in {clock.Elapsed.TotalSeconds:F0} s: {run.FinalFolder}");
        return true;
    }

    /// <summary>All ranks collect together, or the first one does, and keeps it on disk; then the others find it there.</summary>
    private void Collect(CollectingStage stage, StageContext context)
    {
        if (stage.IsShared || ranks.IsFirst)
        {
            stage.Collect(context);
        }

        ranks.Wait();
        if (!stage.IsShared && !ranks.IsFirst)
        {
            stage.Collect(context);
        }
    }

    /// <summary>Says what will be trained, and keeps the settings with all that the data decided.</summary>
    private StageMeasures Begin(RunDirectory run, RunSettings resolved, RunPlan plan, ReasoningModel model)
    {
        run.WriteConfig(resolved.ToJson());
        log.Info($"{method.About.Name}: {plan.Steps:N0} steps of {settings.Train.BatchSize} rows, {model.Parameters.Values.numel():N0} "
            + "trained values");
        model.Adapters?.Describe(model.Parameters, model.Modules, log.Info);
        if (ranks.Size > 1)
        {
            log.Info($"{ranks.Size} processes share each step, {get_num_threads()} threads each ({ranks.Library})");
        }
        else if (ranks is NcclCommunicator)
        {
            log.Info($"one process, whose card is connected with itself ({ranks.Library})");
        }

        var measures = new StageMeasures(run, model);
        log.Phase("the first step");
        return measures;
    }

    private StageContext Context(PreparedRun prepared, string folder, CancellationToken stop) => new()
    {
        Model = prepared.Model,
        Rows = prepared.Data.Training,
        TeacherRows = prepared.Data.TeacherRows,
        Teacher = method.About.HasFrozenTeacher ? settings.Train.Teacher : null,
        Data = $"--data {string.Join(' ', settings.Train.Data)}",
        Dtype = StageSettings.Name(settings.Train.Dtype),
        Precision = StageModel.PrecisionOf(settings.Train.Dtype),
        Device = StageModel.DeviceOf(settings.Train.Device),
        Seed = settings.Train.Seed,
        BatchSize = settings.Train.BatchSize,
        Folder = folder,
        Log = log,
        Stop = stop,
    };

    /// <summary>What a run would take; leaves nothing behind.</summary>
    private bool Estimate(CancellationToken stop)
    {
        using var prepared = PreparedRun.Of(settings, method, log, stop);
        var scratch = Directory.CreateTempSubdirectory("lori-dry-run-");
        try
        {
            new RunEstimate(settings, method, Context(prepared, scratch.FullName, stop), prepared.Data).Show();
        }
        finally
        {
            scratch.Delete(recursive: true);
        }

        return true;
    }
}
