using System.Diagnostics;
using LoRi.Files;
using LoRi.Files.Data;
using LoRi.Files.Json;
using LoRi.Files.Tokenizers;
using LoRi.Models.Adapters;
using LoRi.Models.Decoders;
using LoRi.Models.ModelFiles;
using LoRi.Models.Native;
using LoRi.Models.Sequences;
using LoRi.Runs.Answers;
using LoRi.Runs.Plans;
using LoRi.Runs.RunFolders;
using LoRi.Runs.Settings;
using LoRi.Training.Methods;
using LoRi.Training.Methods.CotSft;
using TorchSharp;
using static TorchSharp.torch;

namespace LoRi.Runs.Training;

/// <summary>
/// <c>lori teach</c> and <c>lori distill</c>: from settings to a trained model in a run directory. Everything that can be
/// refused is refused before weights are read.
/// </summary>
public sealed class TrainingStage
{
    private const int ProjectionRows = 64;
    private readonly RunSettings settings;
    private readonly RunLog log;
    private readonly Stopwatch clock = Stopwatch.StartNew();

    private TrainingStage(RunSettings settings, RunLog log) => (this.settings, this.log) = (settings, log);

    private bool IsTeacher => settings.Command == "teach";

    private string Start => IsTeacher || settings.Latent.Init == InitOption.Base ? settings.Train.Model! : settings.Train.Teacher ?? settings.Train.Model!;

    private bool HasFrozenTeacher => !IsTeacher && settings.Latent.Method == MethodNames.LoRi;

    private int LatentSteps => IsTeacher ? 0 : settings.Latent.StepsTaken;

    /// <summary>Runs a stage to its end, or until <paramref name="stop"/>; true where it came to its end.</summary>
    /// <param name="settings">Checked settings.</param>
    /// <param name="screen">Where the run is shown; null for nowhere.</param>
    /// <param name="stop">Asks to save a checkpoint and stop.</param>
    public static bool Run(RunSettings settings, IRunScreen? screen, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(settings);
        settings.Validate();
        NativeRuntime.Load();
        if (settings.TeacherShape() is { } shape)
        {
            settings.LoRi.ValidateShape(settings.Train.Teacher!, shape);
            GivenSubspace.Read(settings.LoRi, settings.Train.Teacher!, shape);
        }

        settings = settings.WithAnswerPrefix();
        settings = settings with { Train = settings.Train with { Threads = settings.Train.Threads ?? get_num_threads() } };
        if (settings.Train.DryRun)
        {
            using var shown = new RunLog(null, screen);
            try
            {
                return new TrainingStage(settings, shown).Estimate(stop);
            }
            catch (OperationCanceledException e)
            {
                throw new InputException("--dry-run: was stopped before the estimate was made", e);
            }
        }

        var before = StartedFolder.At(settings.Train.Output);
        var run = RunDirectory.Create(settings.Train.Output, settings.Train.Resume);
        using var held = run.Lock();
        try
        {
            using var log = new RunLog(run.LogFile, screen);
            var stage = new TrainingStage(settings, log);
            return stage.IsFinished(run) || stage.Execute(run, stop);
        }
        catch
        {
            before.TakeBack(RunDirectory.MadeFirst);
            throw;
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
            log.Warn($"--data {string.Join(' ', settings.Train.Data)} is not read: this run has learnt from {data}; name another --output to learn from other files");
        }

        log.Info($"this run is finished, there is nothing to resume: {run.FinalFolder}");
        return true;
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
            return Train(run, from, stop);
        }
        catch (OperationCanceledException)
        {
            log.Info($"stopped before the first step; --resume {(from is null ? "begins again, with what the teacher cache has" : $"goes on from {from.Folder}")}");
            return false;
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
        using var prepared = Prepare(stop);
        var (model, data) = (prepared.Model, prepared.Data);
        var plan = new RunPlan(settings, data.Training.Count);
        var resolved = plan.Resolved with { Latent = settings.Latent with { ProjectionWidth = settings.Latent.ProjectionWidth ?? model.Projection.Width } };
        if (from is not null)
        {
            ResumeRules.CheckResolved(resolved, data.Sha256(), from);
            ResumeRules.CheckBase(resolved, prepared.FrozenSha256, from);
        }

        using var teacher = HasFrozenTeacher ? new TeacherCollection(settings, run, log, stop).Collect(data.TeacherRows, model.Config) : null;
        ITrainingMethod method = IsTeacher ? new CotSftMethod() : MethodFactory.Create(settings, teacher);
        run.WriteConfig(resolved.ToJson());
        log.Info($"{method.Name}: {plan.Steps:N0} steps of {settings.Train.BatchSize} rows, {model.Parameters.Values.numel():N0} trained values");
        model.Adapters?.Describe(model.Parameters, log.Info);
        var measures = new StageMeasures(run, model);
        log.Phase("the first step");
        var loop = new RunLoop(resolved, model, method, data, run, log, prepared.FrozenSha256) { SpacedByTime = settings.Train.CheckpointEvery is null };
        if (!loop.Run(from, stop))
        {
            return false;
        }

        // The final model comes last: where it is, everything is.
        measures.Write(settings.Command, loop.State.Tokens, loop.State.Seconds, log.Info);
        log.Phase("writing the final model");
        run.SaveFinal(folder => WriteFinal(folder, prepared, Card(method, model, prepared.Prefix)));
        log.Info($"finished in {clock.Elapsed.TotalSeconds:F0} s: {run.FinalFolder}");
        return true;
    }

    /// <summary>
    /// The trained model as a plain folder, which every other command reads; where adapters were trained, they are merged into it and
    /// lie beside it in peft's form, with what a student needs to take its latent steps.
    /// </summary>
    private void WriteFinal(string folder, Prepared prepared, ReasoningCard card)
    {
        ModelWriter.Write(folder, prepared.Model, card, prepared.Tokenizer);
        if (prepared.Model.Adapters is not null)
        {
            var adapter = Path.Combine(folder, AdapterFolder.InFinal);
            AdapterFolder.Write(adapter, prepared.Model, ModelLoader.Resolve(Start));
            ModelWriter.WriteCard(adapter, prepared.Model, card);
        }
    }

    /// <summary>What a run would take; writes nothing.</summary>
    private bool Estimate(CancellationToken stop)
    {
        using var prepared = Prepare(stop);
        var estimate = new RunEstimate(settings, prepared.Model, prepared.Data, log.Info, stop);
        estimate.Show(IsTeacher ? new CotSftMethod() : HasFrozenTeacher ? null : MethodFactory.Create(settings, null));
        return true;
    }

    private Prepared Prepare(CancellationToken stop)
    {
        var precision = StageModel.PrecisionOf(settings.Train.Dtype);
        var device = StageModel.DeviceOf(settings.Train.Device);
        log.Phase("reading the data");
        var examples = ReasoningData.Read(settings.Train.Data, settings.Train.DataOptions());
        log.Info($"{examples.Examples.Count:N0} examples read, {examples.BadRows:N0} bad rows skipped");
        var tokenizer = StageModel.Tokenizer(Start, settings.Train.Tokenizer);
        tokenizer.Notes.ToList().ForEach(note => log.Info($"{tokenizer.Path}: {note}"));
        tokenizer = IsTeacher ? tokenizer : tokenizer.WithSpecialTokens(StudentMarkers.Texts, TokenizerFolder.IdsIn(Path.GetDirectoryName(EndTokens.FileOf(Start))!));
        stop.ThrowIfCancellationRequested();
        log.Phase("loading the model");
        var model = LoadStart(Start, tokenizer, new LoadSettings(precision, device));
        try
        {
            log.Phase("encoding the rows");
            var reading = IsTeacher ? StudentMarkers.AsText(tokenizer, ModelLoader.Card(Start)) : StudentMarkers.AsText(tokenizer);
            StudentMarkers.Check(examples, reading, StudentMarkers.All);
            var encoder = EncoderOf(reading, model);
            var data = TrainingData.Encode(examples, encoder, settings.Train, LatentSteps, HasFrozenTeacher ? EncoderOf(TeacherTokenizer(reading), model) : null);
            log.Info(data.Describe());
            var checks = new StartChecks(settings, data, log.Warn);
            checks.Rows();
            checks.Lengths(model.Config);
            checks.Steps(new RunPlan(settings, data.Training.Count));
            MemoryCheck.Training(settings, model, data, LatentSteps);
            log.Phase("preparing what the weights lack");
            InitialiseParts(model, data);
            stop.ThrowIfCancellationRequested();
            return new Prepared(model, data, tokenizer, encoder.Prefix, model.Adapters is null ? "" : model.Parameters.FrozenSha256());
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    private ExampleEncoder EncoderOf(TextTokenizer reading, ReasoningModel model) =>
        new(reading, settings.Latent.AnswerPrefix!, model.Special.Eos, settings.LoRi.TeacherText);

    /// <summary>What the frozen teacher reads its rows with: its own tokenizer where it has one, else the student's.</summary>
    private TextTokenizer TeacherTokenizer(TextTokenizer otherwise)
    {
        var path = settings.Train.Teacher!;
        return StageModel.FindTokenizer(path, null) is { } own ? StudentMarkers.AsText(own, ModelLoader.Card(path)) : otherwise;
    }

    /// <summary>The model to start from; a student gets rows for its markers and a feedback projection.</summary>
    private ReasoningModel LoadStart(string path, TextTokenizer tokenizer, LoadSettings load)
    {
        var parts = IsTeacher ? null : new StudentParts(
            settings.Latent.Projection, settings.Latent.ProjectionWidth, tokenizer.TokenToId(StudentMarkers.Texts[0])!.Value, tokenizer.TokenToId(StudentMarkers.Texts[1])!.Value);
        var model = ModelLoader.LoadToTrain(path, load, parts, settings.Adapters.ToSettings());
        foreach (var note in model.Notes)
        {
            log.Info($"{path}: {note}");
        }

        StageModel.CheckFits(tokenizer, model, path);
        return model;
    }

    /// <summary>
    /// What the start weights lack: a student's markers and projection, unless it starts from a student that has them, and adapters,
    /// which begin as nothing.
    /// </summary>
    private void InitialiseParts(ReasoningModel model, TrainingData data)
    {
        var goesOn = !IsTeacher && ModelLoader.ContinuesStudent(Start, model);
        if (goesOn)
        {
            log.Info($"{Start}: is a student, its markers and its {OptionJson.Name(model.Projection.Kind)} projection are learned further");
        }
        else if (!IsTeacher)
        {
            Initialisation.SpecialRows(model, settings.Train.Seed);
        }

        Initialisation.Adapters(model, settings.Train.Seed);
        if (!IsTeacher && !goesOn)
        {
            Initialisation.Projection(model, [.. data.Training.Take(ProjectionRows).Select(row => row.Question)], settings.Train.Seed);
        }
    }

    private ReasoningCard Card(ITrainingMethod method, ReasoningModel model, int[] prefix) => new()
    {
        Method = method.Name,
        LatentSteps = method.LatentSteps,
        AnswerPrefix = settings.Latent.AnswerPrefix!,
        PrefixIds = prefix,
        BotId = model.Special.Bot,
        EotId = model.Special.Eot,
        EosId = model.Special.Eos,
        Projection = model.Projection.Kind,
        ProjectionWidth = model.Projection.Width,
    };

    /// <summary>Everything before the first step; owns the model.</summary>
    private sealed record Prepared(ReasoningModel Model, TrainingData Data, TextTokenizer Tokenizer, int[] Prefix, string FrozenSha256) : IDisposable
    {
        public void Dispose() => Model.Dispose();
    }
}
