using LoRi.Files;
using LoRi.Files.Data;
using LoRi.Files.Settings;
using LoRi.Files.Tokenizers;
using LoRi.Models.ModelFiles;
using LoRi.Models.Reasoning;
using LoRi.Models.Tensors;
using LoRi.Runs.Answers;
using LoRi.Runs.Plans;
using LoRi.Runs.RunFolders;
using LoRi.Runs.Settings;
using LoRi.Runs.Training;
using LoRi.Training.Ranks;
using static TorchSharp.torch;

namespace LoRi.Runs.Evaluate;

/// <summary>
/// <c>lori evaluate</c>: answers every question, scores the answers by two rules and writes them batch by batch, so that what
/// is answered stays answered.
/// </summary>
public sealed class EvaluationStage
{
    private readonly EvaluationOptions options;
    private readonly ReasoningCard? card;
    private readonly QuestionAnswerer answerer;
    private readonly SharedAnswers shared;
    private readonly Action<string> info;

    private EvaluationStage(
        EvaluationOptions options, ReasoningCard? card, QuestionAnswerer answerer, SharedAnswers shared, Action<string> info) =>
        (this.options, this.card, this.answerer, this.shared, this.info) = (options, card, answerer, shared, info);

    private GenerationPlan Plan => answerer.Plan;

    /// <summary>Evaluates, or resumes an evaluation, until its end or until <paramref name="stop"/>.</summary>
    /// <param name="options">Settings.</param>
    /// <param name="info">Told what happens, a line each.</param>
    /// <param name="stop">Asks to stop after the batch that is being answered.</param>
    /// <param name="ranks">The processes that share the batches, all of which call this; null for this one alone.</param>
    /// <returns>What was found; null where it was stopped before its end, and on every rank but the first.</returns>
    public static EvaluationSummary? Run(
        EvaluationOptions options, Action<string> info, CancellationToken stop, ICommunicator? ranks = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(info);
        options.Validate();
        var (set, tokenizer) = AskedQuestions.Read(options, info);
        var shared = new SharedAnswers(ranks ?? SingleProcess.Instance);
        shared.Check(options);
        if (!shared.IsFirst)
        {
            Follow(options, set, tokenizer, shared, stop);
            return null;
        }

        var before = StartedFolder.At(options.Output);
        using var folder = EvaluationFolder.Open(options.Output, options.Resume);
        try
        {
            return InFolder(folder, options, set, tokenizer, shared, info, stop);
        }
        catch
        {
            folder.TakeBack(before);
            throw;
        }
    }

    private static EvaluationSummary? InFolder(
        EvaluationFolder folder, EvaluationOptions options, ReasoningSet set, TextTokenizer tokenizer, SharedAnswers shared,
        Action<string> info, CancellationToken stop)
    {
        var identity = EvaluationIdentity.Of(options.Model, tokenizer.Path, set.Examples);
        shared.Agree(options, identity);
        if (folder.Check(options, identity) is { } warning)
        {
            info($"warning: {warning}");
        }

        if (folder.Finished)
        {
            info("this evaluation is finished, there is nothing to resume");
            shared.Begin(SharedAnswers.Finished);
            return folder.Summary();
        }

        var load = ModelQueries.Settings(options.Dtype, options.Device, options.Weights);
        var (model, card) = ModelLoader.Load(options.Model, load);
        using var owned = model;
        StageModel.CheckFits(tokenizer, model, options.Model);
        var answerer = new QuestionAnswerer(options, model, card, tokenizer);
        answerer.CheckPositions(set, info);
        var stage = new EvaluationStage(options, card, answerer, shared, info);
        if (StageModel.OtherStepsNote(answerer.Plan.Reasoning, card) is { } note)
        {
            info(note);
        }

        foreach (var said in ModelQueries.ArithmeticNotes(options.Dtype, options.Device).Concat(model.Notes))
        {
            info(said);
        }

        folder.Begin(options, identity);
        return stage.Evaluate(folder, set, stop);
    }

    /// <summary>Answers the share of a rank that writes nothing.</summary>
    private static void Follow(
        EvaluationOptions options, ReasoningSet set, TextTokenizer tokenizer, SharedAnswers shared, CancellationToken stop)
    {
        shared.Agree(options, EvaluationIdentity.Of(options.Model, tokenizer.Path, set.Examples));
        var answered = shared.Begin(0);
        if (answered == SharedAnswers.Finished)
        {
            return;
        }

        var load = ModelQueries.Settings(options.Dtype, options.Device, options.Weights);
        var (model, card) = ModelLoader.Load(options.Model, load);
        using var owned = model;
        var stage = new EvaluationStage(options, card, new QuestionAnswerer(options, model, card, tokenizer), shared, _ => { });
        stage.AnswerFrom(answered, set, _ => { }, stop);
    }

    /// <summary>Answers the questions from one on, batch after batch; true where it came to the last.</summary>
    private bool AnswerFrom(int first, ReasoningSet set, Action<IReadOnlyList<PredictionRow>> use, CancellationToken stop)
    {
        answerer.Answer([set.Examples[0]], Plan with { MaxNewTokens = 1 });
        return shared.Answer([.. set.Examples.Skip(first).Chunk(options.BatchSize)], (batch, number) => FailureText.At(
            set.Places[first + (number * options.BatchSize)], () => answerer.Answer(batch, Plan)), use, stop);
    }

    private EvaluationSummary? Evaluate(EvaluationFolder folder, ReasoningSet set, CancellationToken stop)
    {
        var rows = folder.Recover(set.Examples, options.BatchSize);
        if (rows.Count > 0)
        {
            info($"resumed after {rows.Count:N0} of {set.Examples.Count:N0} questions");
        }

        shared.Begin(rows.Count);
        void Use(IReadOnlyList<PredictionRow> answered)
        {
            folder.Append(answered);
            rows.AddRange(answered);
            info($"{rows.Count:N0} of {set.Examples.Count:N0} answered, {rows.Count(row => row.Correct):N0} right");
        }

        if (!AnswerFrom(rows.Count, set, Use, stop))
        {
            return Stopped(rows.Count, set.Examples.Count);
        }

        if (Singles(set.Examples, stop) is not { } singles)
        {
            return Stopped(rows.Count, set.Examples.Count);
        }

        var summary = Summarise(rows, singles, set.BadRows);
        folder.Finish(summary);
        return summary;
    }

    private EvaluationSummary? Stopped(int answered, int all)
    {
        info($"stopped after {answered:N0} of {all:N0} questions; the same command with --resume continues from here");
        return null;
    }

    /// <summary>Seconds of some questions, spread over the data, each alone; null where it was stopped.</summary>
    private List<double>? Singles(IReadOnlyList<ReasoningExample> examples, CancellationToken stop)
    {
        var count = System.Math.Min(options.LatencyQuestions, examples.Count);
        var seconds = new List<double>();
        for (var index = 0; index < count; index++)
        {
            if (stop.IsCancellationRequested)
            {
                return null;
            }

            ReasoningExample[] question = [examples[(int)((long)index * examples.Count / count)]];
            if (index == 0)
            {
                answerer.Answer(question, Plan);
            }

            seconds.Add(answerer.Answer(question, Plan)[0].Seconds);
        }

        return seconds;
    }

    /// <summary>How many rows have it; null where rows of an older version do not say.</summary>
    private static int? Known(List<PredictionRow> rows, Func<PredictionRow, bool?> of) =>
        rows.TrueForAll(row => of(row) is not null) ? rows.Count(row => of(row) == true) : null;

    private EvaluationSummary Summarise(List<PredictionRow> rows, List<double> singles, int badRows)
    {
        var run = ModelRun.SettingsOf(options.Model);
        var (correct, strict) = (rows.Count(row => row.Correct), rows.Count(row => row.CorrectStrict));
        var (seconds, tokens) = (rows.Sum(row => row.Seconds), rows.Sum(row => (long)row.Tokens));
        return new EvaluationSummary
        {
            Dataset = options.Dataset,
            Examples = rows.Count,
            Correct = correct,
            Accuracy = (double)correct / rows.Count,
            AccuracyStrict = (double)strict / rows.Count,
            Disagreements = rows.Count(row => row.Correct != row.CorrectStrict),
            BothUnreadable = rows.Count(row => row.BothUnreadable),
            CutOff = Known(rows, row => row.CutOff),
            CutOffByPositions = Known(rows, row => row.CutOff is { } cut ? cut && row.Tokens < options.MaxNewTokens : null),
            Empty = Known(rows, row => row.Empty),
            Ci95 = EvaluationSummary.Interval(correct, rows.Count),
            Method = card?.Method ?? "none",
            LatentSteps = Plan.Reasoning.LatentSteps,
            LatentStepsTrained = StageModel.OtherSteps(Plan.Reasoning, card),
            PrefixFed = answerer.Fed.Length > 0,
            AnswerPrefix = answerer.Prefix,
            DataName = options.ScoredAs,
            QuestionText = Forms.Name(options.QuestionText),
            Seconds = seconds,
            TokensGenerated = tokens,
            TokensPerQuestion = (double)tokens / rows.Count,
            TokensPerSecond = tokens / seconds,
            MaxNewTokens = options.MaxNewTokens,
            BatchSize = options.BatchSize,
            BatchLatencyMs = LatencySummary.Of([.. rows.Chunk(options.BatchSize).Select(batch => batch.Sum(row => row.Seconds))])!,
            RowLatencyMs = LatencySummary.Of([.. rows.Select(row => row.Seconds)])!,
            SingleLatencyMs = LatencySummary.Of(singles),
            PeakMemoryBytes = StageMeasures.PeakMemory(),
            Threads = get_num_threads(),
            Device = Forms.Name(options.Device),
            Dtype = StageSettings.Name(options.Dtype),
            Weights = answerer.WeightForms,
            VectorBits = VectorWork.VectorBits,
            Seed = options.Seed ?? ModelRun.SeedOf(run),
            BadRowsSkipped = badRows,
            Model = Paths.FullWhereThere(options.Model),
            Run = run,
        };
    }
}
