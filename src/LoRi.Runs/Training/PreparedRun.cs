using LoRi.Files;
using LoRi.Files.Data;
using LoRi.Files.Settings;
using LoRi.Files.Tokenizers;
using LoRi.Models.Decoders;
using LoRi.Models.ModelFiles;
using LoRi.Models.Sequences;
using LoRi.Runs.Answers;
using LoRi.Runs.Plans;
using LoRi.Runs.RunFolders;
using LoRi.Runs.Settings;
using LoRi.Training.Methods;

namespace LoRi.Runs.Training;

/// <summary>Everything before the first step: rows, tokenizer, model. Owns the model.</summary>
internal sealed class PreparedRun : IDisposable
{
    private const int ProjectionRows = 64;

    private PreparedRun(ReasoningModel model, TrainingData data, TextTokenizer tokenizer, int[] prefix)
    {
        (Model, Data, Tokenizer, Prefix) = (model, data, tokenizer, prefix);
        FrozenSha256 = model.Adapters is null ? "" : model.Parameters.FrozenSha256();
    }

    /// <summary>What is trained.</summary>
    public ReasoningModel Model { get; }

    /// <summary>The rows.</summary>
    public TrainingData Data { get; }

    /// <summary>The tokenizer that the trained model gets.</summary>
    public TextTokenizer Tokenizer { get; }

    /// <summary>Ids of the answer prefix.</summary>
    public int[] Prefix { get; }

    /// <summary>The SHA-256 of the frozen weights; empty where all are trained.</summary>
    public string FrozenSha256 { get; }

    /// <summary>Reads and checks everything, in the order in which it can be refused.</summary>
    /// <exception cref="InputException">Something is missing, malformed or does not fit.</exception>
    public static PreparedRun Of(RunSettings settings, MethodPlan method, RunLog log, CancellationToken stop) =>
        new Preparation(settings, method, log, stop).Run();

    /// <inheritdoc/>
    public void Dispose() => Model.Dispose();

    private sealed class Preparation(RunSettings settings, MethodPlan method, RunLog log, CancellationToken stop)
    {
        private readonly bool isStudent = method.About.IsStudent;

        private readonly int latentSteps = method.Reasoning.LatentSteps;

        private readonly string start = settings.Start;

        /// <summary>The rows that the method adds to the tables; null where it adds none.</summary>
        private readonly MarkerRows? markers = method.About.IsStudent ? method.Markers : null;

        public PreparedRun Run()
        {
            var precision = StageModel.PrecisionOf(settings.Train.Dtype);
            var device = StageModel.DeviceOf(settings.Train.Device);
            log.Phase("reading the data");
            var examples = ReasoningData.Read(settings.Train.Data, settings.Train.DataOptions());
            log.Info($"{examples.Examples.Count:N0} examples read, {examples.BadRows:N0} bad rows skipped");
            var tokenizer = StageModel.Tokenizer(start, settings.Train.Tokenizer);
            tokenizer.Notes.ToList().ForEach(note => log.Info($"{tokenizer.Path}: {note}"));
            tokenizer = markers is null ? tokenizer : tokenizer.WithSpecialTokens(
                markers.Latent ? [.. StudentMarkers.Texts, StudentMarkers.Latent] : [.. StudentMarkers.Texts],
                TokenizerFolder.IdsIn(Path.GetDirectoryName(EndTokens.FileOf(start))!));
            stop.ThrowIfCancellationRequested();
            MemoryCheck.Models(settings, method, precision, device);
            log.Phase("loading the model");
            var model = LoadStart(tokenizer, new LoadSettings(precision, device));
            try
            {
                return With(model, examples, tokenizer);
            }
            catch
            {
                model.Dispose();
                throw;
            }
        }

        private PreparedRun With(ReasoningModel model, ReasoningSet examples, TextTokenizer tokenizer)
        {
            log.Phase("encoding the rows");
            var reading = markers is null ? StudentMarkers.AsText(tokenizer, ModelLoader.Card(start)) : StudentMarkers.AsText(tokenizer);
            StudentMarkers.Check(examples, reading, StudentMarkers.All);
            var encoder = EncoderOf(reading, model);
            var teacher = method.About.HasFrozenTeacher ? EncoderOf(TeacherTokenizer(reading), model) : null;
            var data = TrainingData.Encode(examples, encoder, settings.Train, latentSteps, teacher);
            log.Info(data.Describe());
            var checks = new StartChecks(settings, method, data, log.Warn);
            checks.Rows();
            checks.Lengths(model.Config);
            checks.Steps(new RunPlan(settings, data.Training.Count));
            MemoryCheck.Training(settings, method, model, data);
            log.Phase("preparing what the weights lack");
            InitialiseParts(model, data, tokenizer);
            stop.ThrowIfCancellationRequested();
            return new PreparedRun(model, data, tokenizer, encoder.Prefix);
        }

        private ExampleEncoder EncoderOf(TextTokenizer reading, ReasoningModel model) =>
            new(reading, settings.Latent.AnswerPrefix!, model.Special.Eos, settings.Latent.TeacherText, method.Form)
            {
                KeepsSteps = method.About.NeedsSteps,
                ExplainsSteps = method.About.ExplainsSteps,
            };

        /// <summary>What the frozen teacher reads its rows with: its own tokenizer where it has one, else the student's.</summary>
        private TextTokenizer TeacherTokenizer(TextTokenizer otherwise)
        {
            var path = settings.Train.Teacher!;
            return StageModel.FindTokenizer(path, null) is { } own ? StudentMarkers.AsText(own, ModelLoader.Card(path)) : otherwise;
        }

        /// <summary>The model to start from; a student gets rows for its markers, if any, a feedback projection and the method's own
        /// modules.</summary>
        private ReasoningModel LoadStart(TextTokenizer tokenizer, LoadSettings load)
        {
            int? Id(string marker) => markers is null ? null : tokenizer.TokenToId(marker);
            var parts = isStudent
                ? new StudentParts(method.Projection ?? settings.Latent.Projection, settings.Latent.ProjectionWidth,
                    Id(StudentMarkers.Texts[0]), Id(StudentMarkers.Texts[1]))
                {
                    Latent = markers is { Latent: true } ? Id(StudentMarkers.Latent) : null,
                    Modules = method.Modules,
                    WithEnds = markers is { WithEnds: true },
                    Tokens = new TokenTraining(
                        settings.Values.Get(StudentSettings.MarkerRows) == MarkerTraining.Trained, markers is { Decay: true }),
                }
                : null;
            var model = ModelLoader.LoadToTrain(start, load, parts, AdapterSettings.Of(settings.Values));
            foreach (var note in model.Notes)
            {
                log.Info($"{start}: {note}");
            }

            StageModel.CheckFits(tokenizer, model, start);
            return model;
        }

        /// <summary>
        /// What the start weights lack: a student's markers and projection, unless it starts from a student that has them, adapters, which
        /// begin as nothing, and the method's own modules.
        /// </summary>
        private void InitialiseParts(ReasoningModel model, TrainingData data, TextTokenizer tokenizer)
        {
            var goesOn = isStudent && ModelLoader.ContinuesStudent(start, model);
            if (goesOn)
            {
                log.Info($"{start}: is a student, its markers and its {Forms.Name(model.Projection.Kind)} projection are learned further");
            }
            else if (markers is not null)
            {
                Initialisation.SpecialRows(model, settings.Train.Seed, markers.CopyOf is { } token ? tokenizer.TokenToId(token) : null);
            }

            Initialisation.Adapters(model, settings.Train.Seed);
            if (markers is not null && !goesOn)
            {
                Initialisation.Projection(model, [.. data.Training.Take(ProjectionRows).Select(row => row.Question)], settings.Train.Seed);
            }

            foreach (var module in model.Modules)
            {
                module.Initialise?.Invoke(model, settings.Train.Seed);
            }
        }
    }
}
