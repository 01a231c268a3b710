using System.Diagnostics;
using LoRi.Files;
using LoRi.Files.Data;
using LoRi.Files.Settings;
using LoRi.Files.Tokenizers;
using LoRi.Models.Decoders;
using LoRi.Models.ModelFiles;
using LoRi.Models.Reasoning;
using LoRi.Models.Sequences;
using LoRi.Runs.Answers;
using LoRi.Runs.Plans;
using LoRi.Runs.RunFolders;
using LoRi.Runs.Scoring;
using LoRi.Runs.Settings;
using LoRi.Runs.Training;
using static TorchSharp.torch;

namespace LoRi.Runs.Evaluate;

/// <summary>
/// <c>lori evaluate</c>: answers every question, scores the answers by two rules and writes them batch by batch, so that what
/// is answered stays answered.
/// </summary>
public sealed class EvaluationStage
{
    private readonly EvaluationOptions options;
    private readonly ReasoningModel model;
    private readonly ReasoningCard? card;
    private readonly TextTokenizer tokenizer;
    private readonly GenerationPlan plan;
    private readonly string fed;
    private readonly string prefix;
    private readonly Action<string> info;

    private EvaluationStage(
        EvaluationOptions options, ReasoningModel model, ReasoningCard? card, TextTokenizer tokenizer, Action<string> info)
    {
        (this.options, this.model, this.card, this.tokenizer, this.info) = (options, model, card, tokenizer, info);
        var own = options.AnswerPrefix is { } text ? tokenizer.Encode(text, addSpecialTokens: false) : card?.PrefixIds ?? [];
        var decoded = (card?.Form.BeforeAnswer ?? Text(own)).Trim();
        prefix = decoded.Length > 0 ? decoded : AnswerScorer.AnswerPrefix;
        plan = Plan(options.WritePrefix ? [] : own);
        fed = plan.Reasoning.FeedsPrefix ? Text(plan.Prefix) : "";
    }

    /// <summary>Evaluates, or resumes an evaluation, until its end or until <paramref name="stop"/>.</summary>
    /// <param name="options">Settings.</param>
    /// <param name="info">Told what happens, a line each.</param>
    /// <param name="stop">Asks to stop after the batch that is being answered.</param>
    /// <returns>What was found; null where it was stopped before its end.</returns>
    public static EvaluationSummary? Run(EvaluationOptions options, Action<string> info, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(info);
        options.Validate();
        var set = ReasoningData.Read(options.Data, options.Reading);
        if (set.Examples.Count == 0)
        {
            throw new InputException($"--data {string.Join(' ', options.Data)}: there is no question to answer");
        }

        var tokenizer = StudentMarkers.AsText(StageModel.Tokenizer(options.Model, options.Tokenizer), ModelLoader.Card(options.Model));
        StudentMarkers.Check(set, tokenizer, example => [("question", example.Question)]);
        CheckLatentSteps(options, ModelLoader.Card(options.Model));
        tokenizer.Notes.ToList().ForEach(note => info($"{tokenizer.Path}: {note}"));
        var before = StartedFolder.At(options.Output);
        using var folder = EvaluationFolder.Open(options.Output, options.Resume);
        try
        {
            return InFolder(folder, options, set, tokenizer, info, stop);
        }
        catch
        {
            folder.TakeBack(before);
            throw;
        }
    }

    private static EvaluationSummary? InFolder(
        EvaluationFolder folder, EvaluationOptions options, ReasoningSet set, TextTokenizer tokenizer, Action<string> info,
        CancellationToken stop)
    {
        var identity = EvaluationIdentity.Of(options.Model, tokenizer.Path, set.Examples);
        if (folder.Check(options, identity) is { } warning)
        {
            info($"warning: {warning}");
        }

        if (folder.Finished)
        {
            info("this evaluation is finished, there is nothing to resume");
            return folder.Summary();
        }

        var load = new LoadSettings(StageModel.PrecisionOf(options.Dtype), StageModel.DeviceOf(options.Device));
        var (model, card) = ModelLoader.Load(options.Model, load);
        using var owned = model;
        StageModel.CheckFits(tokenizer, model, options.Model);
        var stage = new EvaluationStage(options, model, card, tokenizer, info);
        stage.CheckPositions(set);
        if (StageModel.OtherStepsNote(stage.plan.Reasoning, card) is { } note)
        {
            info(note);
        }

        folder.Begin(options, identity);
        return stage.Evaluate(folder, set, stop);
    }

    private static void CheckLatentSteps(EvaluationOptions options, ReasoningCard? card)
    {
        if (options.LatentSteps is { } steps && card is not { LatentSteps: > 0 })
        {
            throw new InputException(
                $"--latent-steps {steps}: {options.Model} was not trained with latent steps (its lori.json names none); leave "
                + "--latent-steps out");
        }
    }

    private GenerationPlan Plan(int[] prefixIds)
    {
        var reasoning = StageModel.Reasoning(options.LatentSteps, options.Model, model, card);
        return new GenerationPlan(reasoning, prefixIds, options.MaxNewTokens, EndIds()) { StopAfterEnds = card?.StopAfterEnds ?? 1 };
    }

    private IReadOnlyList<int> EndIds() =>
        EndTokens.Of(options.Model, model.Config, card) is { Count: > 0 } ids ? ids : [StageModel.EndId(options.Model, model, card)];

    /// <summary>
    /// Refuses questions that leave no position for an answer, and warns of those that leave fewer than may be asked for.
    /// </summary>
    private void CheckPositions(ReasoningSet set)
    {
        var longest = model.Config.LongestSequence;
        var fed = set.Examples.Select(example => Ids(example).Length + plan.FedBesideQuestion).ToArray();
        if (model.Config.LengthNote(fed.Max()) is { } note)
        {
            info($"--data: {note}");
        }

        var wrong = Array.FindIndex(fed, length => length > longest);
        if (wrong >= 0)
        {
            throw new InputException(
                $"--data {set.Places[wrong]}: the question takes {fed[wrong] - plan.FedBesideQuestion} tokens and {plan.FedBesideQuestion} "
                + "more are fed with it (latent steps, their markers, the answer prefix), "
                + $"but {options.Model} {model.Config.LongestReason}; leave this row out, or take fewer --latent-steps or a shorter "
                + "--answer-prefix");
        }

        var rows = System.Math.Min(options.BatchSize, fed.Length);
        MemoryCheck.Answering(
            model, rows, fed.Max(), options.MaxNewTokens, $"--data {string.Join(' ', options.Data)}: questions of up to {fed.Max()} "
                + $"tokens, {rows} at a time", "take a smaller --batch-size or --max-new-tokens");
        var cut = fed.Count(length => (long)length + options.MaxNewTokens - 1 > longest);
        if (cut > 0)
        {
            info($"{cut:N0} of {fed.Length:N0} questions leave fewer than --max-new-tokens {options.MaxNewTokens} of the {longest} "
                + $"positions of {options.Model}: an answer ends there at the latest");
        }
    }

    private int[] Ids(ReasoningExample example) => ExampleEncoder.Question(
        tokenizer, card?.Form ?? SequenceForm.Plain, QuestionTexts.Of(options.QuestionText, example.Question), model.Special.Eos);

    private EvaluationSummary? Evaluate(EvaluationFolder folder, ReasoningSet set, CancellationToken stop)
    {
        var rows = folder.Recover(set.Examples, options.BatchSize);
        if (rows.Count > 0)
        {
            info($"resumed after {rows.Count:N0} of {set.Examples.Count:N0} questions");
        }

        Answer([set.Examples[0]], plan with { MaxNewTokens = 1 });
        foreach (var batch in set.Examples.Skip(rows.Count).Chunk(options.BatchSize))
        {
            if (stop.IsCancellationRequested)
            {
                return Stopped(rows.Count, set.Examples.Count);
            }

            var answered = FailureText.At(set.Places[rows.Count], () => Answer(batch, plan));
            folder.Append(answered);
            rows.AddRange(answered);
            info($"{rows.Count:N0} of {set.Examples.Count:N0} answered, {rows.Count(row => row.Correct):N0} right");
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

    /// <summary>The scored answers to the questions of one batch.</summary>
    private PredictionRow[] Answer(ReasoningExample[] batch, GenerationPlan how)
    {
        var start = Stopwatch.GetTimestamp();
        var questions = batch.Select(Ids).ToArray();
        var written = AnswerGenerator.Generate(model, questions, how);
        var texts = written.Select(Text).ToArray();
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds / batch.Length;
        return [.. batch.Select((example, index) => Row(example, fed + texts[index], written[index].Length, seconds) with
        {
            CutOff = !how.EndIds.Contains(written[index][^1]),
            Empty = string.IsNullOrWhiteSpace(texts[index]),
        })];
    }

    private PredictionRow Row(ReasoningExample example, string text, int tokens, double seconds)
    {
        var prediction = new Prediction(text, example.Answer, options.ScoredAs, prefix);
        var score = prediction.Score(ScoringRule.Codi);
        return new PredictionRow(
            example.Id, example.Question, example.Answer, text, score.Value, score.Correct, prediction.Score(ScoringRule.Strict).Correct,
            tokens, seconds, options.ScoredAs, prefix);
    }

    private string Text(int[] ids) => tokenizer.Decode(ids, skipSpecialTokens: true);

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
                Answer(question, plan);
            }

            seconds.Add(Answer(question, plan)[0].Seconds);
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
            LatentSteps = plan.Reasoning.LatentSteps,
            LatentStepsTrained = StageModel.OtherSteps(plan.Reasoning, card),
            PrefixFed = fed.Length > 0,
            AnswerPrefix = prefix,
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
            Seed = options.Seed ?? ModelRun.SeedOf(run),
            BadRowsSkipped = badRows,
            Model = Paths.FullWhereThere(options.Model),
            Run = run,
        };
    }
}
