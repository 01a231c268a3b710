using System.Diagnostics;
using LoRi.Files;
using LoRi.Files.Data;
using LoRi.Files.Tokenizers;
using LoRi.Models.Decoders;
using LoRi.Models.ModelFiles;
using LoRi.Models.Reasoning;
using LoRi.Models.Sequences;
using LoRi.Runs.Answers;
using LoRi.Runs.Plans;
using LoRi.Runs.Scoring;
using LoRi.Runs.Settings;
using static TorchSharp.torch;

namespace LoRi.Runs.Evaluate;

/// <summary>Asks a model the questions of a data set and scores what it writes by two rules.</summary>
internal sealed class QuestionAnswerer
{
    private readonly EvaluationOptions options;
    private readonly ReasoningModel model;
    private readonly ReasoningCard? card;
    private readonly TextTokenizer tokenizer;

    /// <summary>How a loaded model is asked.</summary>
    /// <param name="options">Settings.</param>
    /// <param name="model">The model.</param>
    /// <param name="card">Its card; null where it has none.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <exception cref="InputException">The model was not trained with so many latent steps.</exception>
    public QuestionAnswerer(EvaluationOptions options, ReasoningModel model, ReasoningCard? card, TextTokenizer tokenizer)
    {
        (this.options, this.model, this.card, this.tokenizer) = (options, model, card, tokenizer);
        var own = options.AnswerPrefix is { } text ? tokenizer.Encode(text, addSpecialTokens: false) : card?.PrefixIds ?? [];
        var decoded = (card?.Form.BeforeAnswer ?? Text(own)).Trim();
        Prefix = decoded.Length > 0 ? decoded : AnswerScorer.AnswerPrefix;
        Plan = PlanOf(options.WritePrefix ? [] : own);
        Fed = Plan.Reasoning.FeedsPrefix ? Text(Plan.Prefix) : "";
    }

    /// <summary>How answers are generated.</summary>
    public GenerationPlan Plan { get; }

    /// <summary>Types of the matrices that stay in memory as they are stored, each with its number of weights.</summary>
    public IReadOnlyDictionary<string, long> WeightForms => model.Parameters.StoredForms();

    /// <summary>What is fed before an answer, as text.</summary>
    public string Fed { get; }

    /// <summary>The prefix after which the strict rule looks.</summary>
    public string Prefix { get; }

    /// <summary>
    /// Refuses questions that leave no position for an answer, and warns of those that leave fewer than may be asked for.
    /// </summary>
    public void CheckPositions(ReasoningSet set, Action<string> info)
    {
        var longest = model.Config.LongestSequence;
        var fed = set.Examples.Select(example => Ids(example).Length + Plan.FedBesideQuestion).ToArray();
        if (model.Config.LengthNote(fed.Max()) is { } note)
        {
            info($"--data: {note}");
        }

        var wrong = Array.FindIndex(fed, length => length > longest);
        if (wrong >= 0)
        {
            throw new InputException(
                $"--data {set.Places[wrong]}: the question takes {fed[wrong] - Plan.FedBesideQuestion} tokens and {Plan.FedBesideQuestion} "
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

    /// <summary>The scored answers to the questions of one batch.</summary>
    public PredictionRow[] Answer(ReasoningExample[] batch, GenerationPlan how)
    {
        var start = Stopwatch.GetTimestamp();
        var questions = batch.Select(Ids).ToArray();
        var written = AnswerGenerator.Generate(model, questions, how);
        var texts = written.Select(Text).ToArray();
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds / batch.Length;
        return [.. batch.Select((example, index) => Row(example, Fed + texts[index], written[index].Length, seconds) with
        {
            CutOff = !how.EndIds.Contains(written[index][^1]),
            Empty = string.IsNullOrWhiteSpace(texts[index]),
        })];
    }

    /// <summary>The inputs of the latent steps of one batch, [B, M, d]; the tensor belongs to the open dispose scope.</summary>
    public Tensor Latents(ReasoningExample[] batch, LatentReasoning reasoning)
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        return reasoning.Think(model, model.Weights(), [.. batch.Select(Ids)], trajectory: false).Latents!.MoveToOuterDisposeScope();
    }

    private GenerationPlan PlanOf(int[] prefixIds)
    {
        var reasoning = StageModel.Reasoning(options.LatentSteps, options.Model, model, card);
        return new GenerationPlan(reasoning, prefixIds, options.MaxNewTokens, EndIds()) { StopAfterEnds = card?.StopAfterEnds ?? 1 };
    }

    private IReadOnlyList<int> EndIds() =>
        EndTokens.Of(options.Model, model.Config, card) is { Count: > 0 } ids ? ids : [StageModel.EndId(options.Model, model, card)];

    private int[] Ids(ReasoningExample example) => ExampleEncoder.Question(
        tokenizer, card?.Form ?? SequenceForm.Plain, QuestionTexts.Of(options.QuestionText, example.Question), model.Special.Eos);

    private PredictionRow Row(ReasoningExample example, string text, int tokens, double seconds)
    {
        var prediction = new Prediction(text, example.Answer, options.ScoredAs, Prefix);
        var score = prediction.Score(ScoringRule.Codi);
        return new PredictionRow(
            example.Id, example.Question, example.Answer, text, score.Value, score.Correct, prediction.Score(ScoringRule.Strict).Correct,
            tokens, seconds, options.ScoredAs, Prefix);
    }

    private string Text(int[] ids) => tokenizer.Decode(ids, skipSpecialTokens: true);
}
