using System.Diagnostics;
using LoRi.Training.Data;
using LoRi.Training.Methods;
using LoRi.Training.Methods.CotSft;
using LoRi.Training.Methods.LoRi;
using LoRi.Training.ModelFiles;
using LoRi.Training.Models;
using LoRi.Training.Sequences;
using LoRi.Training.Tokenizers;
using Microsoft.Extensions.Logging;
using TorchSharp;
using static TorchSharp.torch;

namespace LoRi.Training.Runs;

/// <summary>
/// <c>lori teach</c> and <c>lori distill</c>: from settings to a trained model in a run directory. Everything that can be
/// refused is refused before weights are read.
/// </summary>
public sealed class TrainingStage
{
    private const int ProjectionRows = 64;
    private static readonly string[] SpecialTokens = ["<bot>", "<eot>"];
    private readonly RunSettings settings;
    private readonly RunDirectory run;
    private readonly Action<string> info;

    private TrainingStage(RunSettings settings, RunDirectory run, Action<string> info)
    {
        (this.settings, this.run, this.info) = (settings, run, info);
    }

    private bool IsTeacher => settings.Command == "teach";

    /// <summary>Runs a stage to its end, or until <paramref name="stop"/>; true where it came to its end.</summary>
    /// <param name="settings">Checked settings.</param>
    /// <param name="screen">Where log lines are shown; null for nowhere.</param>
    /// <param name="stop">Asks to save a checkpoint and stop.</param>
    public static bool Run(RunSettings settings, TextWriter? screen, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(settings);
        settings.Validate();
        settings = settings.WithAnswerPrefix();
        var run = RunDirectory.Create(settings.Train.Output, settings.Train.Resume);
        using var log = new RunLog(run.LogFile, screen);
        var logger = log.CreateLogger(settings.Command);
        run.WriteConfig(settings.ToJson());
        try
        {
            return new TrainingStage(settings, run, line => logger.LogInformation("{Line}", line)).Execute(stop);
        }
        catch (OperationCanceledException)
        {
            logger.LogInformation("stopped before the first step; --resume begins again, with what the teacher cache has");
            return false;
        }
    }

    private bool Execute(CancellationToken stop)
    {
        var clock = Stopwatch.StartNew();
        var start = IsTeacher || settings.Latent.Init == InitOption.Base ? settings.Train.Model! : settings.Train.Teacher ?? settings.Train.Model!;
        var precision = StageModel.PrecisionOf(settings.Train.Dtype);
        var device = StageModel.DeviceOf(settings.Train.Device);
        var examples = ReasoningData.Read(settings.Train.Data, settings.Train.DataOptions());
        info($"{examples.Examples.Count:N0} examples read, {examples.BadRows:N0} bad rows skipped");
        var tokenizer = StageModel.Tokenizer(start, settings.Train.Tokenizer);
        tokenizer = IsTeacher ? tokenizer : tokenizer.WithSpecialTokens(SpecialTokens);
        stop.ThrowIfCancellationRequested();
        using var model = LoadStart(start, tokenizer, new LoadSettings(precision, device));
        var encoder = new ExampleEncoder(tokenizer, settings.Latent.AnswerPrefix!, model.Special.Eos, settings.LoRi.TeacherText);
        var data = TrainingData.Encode(examples.Examples, encoder, settings.Train, settings.Latent.LatentSteps);
        info(data.Describe());
        CheckLength(data, model.Config);
        Prepare(model, data);
        stop.ThrowIfCancellationRequested();
        using var teacher = !IsTeacher && settings.Latent.Method == MethodNames.LoRi ? Collect(data, model.Config, stop) : null;
        ITrainingMethod method = IsTeacher ? new CotSftMethod() : MethodFactory.Create(settings, teacher);
        var loop = new RunLoop(settings, model, method, data, run, info);
        run.WriteConfig(loop.Resolved.ToJson());
        info($"{method.Name}: {loop.Steps:N0} steps of {settings.Train.BatchSize} rows, {model.Parameters.Values.numel():N0} trained values");
        if (settings.Train.DryRun)
        {
            info($"dry run: about {StageMeasures.TrainingMemory(model) >> 20:N0} MiB for weights, gradients and moments; nothing was trained");
            return true;
        }

        var measures = new StageMeasures(run, model);
        if (!loop.Run(stop))
        {
            return false;
        }

        run.SaveFinal(folder => ModelWriter.Write(folder, model, Card(method, model, encoder.Prefix), tokenizer));
        measures.Write(settings.Command, info);
        info($"finished in {clock.Elapsed.TotalSeconds:F0} s: {run.FinalFolder}");
        return true;
    }

    /// <summary>The model to start from; a student gets rows for its markers and a feedback projection.</summary>
    private ReasoningModel LoadStart(string path, TextTokenizer tokenizer, LoadSettings load)
    {
        var parts = IsTeacher ? null : new StudentParts(
            settings.Latent.Projection, settings.Latent.ProjectionWidth, tokenizer.TokenToId(SpecialTokens[0])!.Value, tokenizer.TokenToId(SpecialTokens[1])!.Value);
        var model = ModelLoader.LoadToTrain(path, load, parts);
        StageModel.CheckFits(tokenizer, model, path);
        return model;
    }

    private void Prepare(ReasoningModel model, TrainingData data)
    {
        if (!IsTeacher)
        {
            Initialisation.SpecialRows(model, settings.Train.Seed);
            Initialisation.Projection(model, [.. data.Training.Take(ProjectionRows).Select(row => row.Question)], settings.Train.Seed);
        }
    }

    /// <summary>What the frozen teacher leaves for its student: the subspace (unless a file gives it), coordinates and anchors.</summary>
    private LoRiTeacher Collect(TrainingData data, DecoderConfig student, CancellationToken stop) =>
        new TeacherCollection(settings, run, info, stop).Collect(data.Training, student);

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

    private void CheckLength(TrainingData data, DecoderConfig config)
    {
        var longest = data.Training.Max(row => row.Length(settings.Latent.LatentSteps));
        if (longest > config.MaxPositions)
        {
            throw new InputException(
                $"--data: the longest example makes {longest} tokens, the model was made for {config.MaxPositions}; leave such rows out with --max-tokens {config.MaxPositions}");
        }
    }
}
