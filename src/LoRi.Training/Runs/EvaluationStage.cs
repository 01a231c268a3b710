using System.Diagnostics;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using LoRi.Training.Checkpoints;
using LoRi.Training.Data;
using LoRi.Training.Evaluation;
using LoRi.Training.Generation;
using LoRi.Training.Methods;
using LoRi.Training.ModelFiles;
using LoRi.Training.Models;
using LoRi.Training.Tokenizers;

namespace LoRi.Training.Runs;

/// <summary>Settings of an evaluation.</summary>
public sealed record EvaluationOptions
{
    /// <summary><c>--model</c>.</summary>
    public required string Model { get; init; }

    /// <summary><c>--data</c>.</summary>
    public required IReadOnlyList<string> Data { get; init; }

    /// <summary><c>--output</c>.</summary>
    public required string Output { get; init; }

    /// <summary><c>--tokenizer</c>.</summary>
    public string? Tokenizer { get; init; }

    /// <summary><c>--latent-steps</c>; left out, the run's own.</summary>
    public int? LatentSteps { get; init; }

    /// <summary><c>--answer-prefix</c>; left out, the run's own.</summary>
    public string? AnswerPrefix { get; init; }

    /// <summary><c>--write-prefix</c>: the model writes the prefix instead of being fed it.</summary>
    public bool WritePrefix { get; init; }

    /// <summary><c>--max-new-tokens</c>.</summary>
    public int MaxNewTokens { get; init; } = 256;

    /// <summary><c>--batch-size</c>.</summary>
    public int BatchSize { get; init; } = 16;

    /// <summary><c>--dtype</c>.</summary>
    public DtypeOption Dtype { get; init; } = DtypeOption.F32;

    /// <summary><c>--device</c>.</summary>
    public DeviceOption Device { get; init; } = DeviceOption.Cpu;

    /// <summary><c>--seed</c>: recorded with the result.</summary>
    public long? Seed { get; init; }

    /// <summary>How the data are read.</summary>
    public DataOptions Reading { get; init; } = new();

    /// <summary>Checks everything that can be checked without reading a file.</summary>
    /// <exception cref="InputException">A value is out of range.</exception>
    public void Validate()
    {
        OptionRules.AtLeast("--latent-steps", LatentSteps, 1);
        OptionRules.AtLeast<int>("--max-new-tokens", MaxNewTokens, 1);
        OptionRules.AtLeast<int>("--batch-size", BatchSize, 1);
    }
}

/// <summary>What an evaluation found.</summary>
/// <param name="Examples">Questions.</param>
/// <param name="Correct">Right by CODI's rule.</param>
/// <param name="CorrectStrict">Right by the strict rule.</param>
/// <param name="Disagreements">Questions where the two rules differ.</param>
/// <param name="Interval">95 % Wilson interval of the accuracy by CODI's rule.</param>
/// <param name="Seconds">Wall time of generation.</param>
/// <param name="TokensGenerated">Tokens written.</param>
public sealed record EvaluationResult(
    int Examples, int Correct, int CorrectStrict, int Disagreements, WilsonInterval Interval, double Seconds, long TokensGenerated);

/// <summary><c>lori evaluate</c>: answers every question, scores the answers by two rules and writes both files.</summary>
public static class EvaluationStage
{
    private static readonly JsonSerializerOptions Line = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Evaluates and writes <c>evaluation.json</c> and <c>predictions.jsonl</c>.</summary>
    public static EvaluationResult Run(EvaluationOptions options, Action<string> info)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        var set = ReasoningData.Read(options.Data, options.Reading);
        if (set.Examples.Count == 0)
        {
            throw new InputException($"--data {string.Join(' ', options.Data)}: there is no question to answer");
        }

        var tokenizer = StageModel.Tokenizer(options.Model, options.Tokenizer);
        var load = new LoadSettings(StageModel.PrecisionOf(options.Dtype), StageModel.DeviceOf(options.Device));
        var (model, card) = ModelLoader.Load(options.Model, load);
        using var owned = model;
        StageModel.CheckFits(tokenizer, model, options.Model);
        var plan = Plan(options, model, card, tokenizer, StageModel.EndId(options.Model, model, card));
        var rows = Answer(model, tokenizer, set.Examples, plan, options, info);
        return Write(options, card, plan, rows, set.BadRows);
    }

    private static GenerationPlan Plan(EvaluationOptions options, ReasoningModel model, ReasoningCard? card, TextTokenizer tokenizer, int end)
    {
        var steps = StageModel.LatentSteps(options.LatentSteps, options.Model, model, card);
        var mode = steps > 0 ? AnswerMode.Latent : card?.Method == "no-cot" ? AnswerMode.Direct : AnswerMode.Explicit;
        var prefix = options.WritePrefix ? [] : options.AnswerPrefix is { } text ? tokenizer.Encode(text, addSpecialTokens: false) : card?.PrefixIds ?? [];
        return new GenerationPlan(mode, steps, prefix, options.MaxNewTokens, [end]);
    }

    private static List<JsonObject> Answer(
        ReasoningModel model, TextTokenizer tokenizer, IReadOnlyList<ReasoningExample> examples, GenerationPlan plan, EvaluationOptions options, Action<string> info)
    {
        var fed = plan.Mode == AnswerMode.Explicit ? "" : tokenizer.Decode(plan.Prefix, skipSpecialTokens: true);
        var rows = new List<JsonObject>();
        foreach (var chunk in examples.Chunk(options.BatchSize))
        {
            var clock = Stopwatch.StartNew();
            var questions = chunk.Select(example => tokenizer.Encode(example.Question, addSpecialTokens: true)).ToArray();
            var written = AnswerGenerator.Generate(model, questions, plan);
            var seconds = clock.Elapsed.TotalSeconds / chunk.Length;
            rows.AddRange(chunk.Select((example, index) => Row(example, fed + tokenizer.Decode(written[index], skipSpecialTokens: true), written[index].Length, seconds)));
            info($"{rows.Count:N0} of {examples.Count:N0} answered, {rows.Count(row => row["correct"]!.GetValue<bool>()):N0} right");
        }

        return rows;
    }

    private static JsonObject Row(ReasoningExample example, string text, int tokens, double seconds)
    {
        var score = AnswerScorer.Score(ScoringRule.Codi, text, example.Answer);
        var strict = AnswerScorer.Score(ScoringRule.Strict, text, example.Answer);
        return new JsonObject
        {
            ["id"] = example.Id,
            ["question"] = example.Question,
            ["gold"] = example.Answer,
            ["text"] = text,
            ["prediction"] = score.Value,
            ["correct"] = score.Correct,
            ["correct_strict"] = strict.Correct,
            ["tokens"] = tokens,
            ["seconds"] = seconds,
        };
    }

    private static EvaluationResult Write(EvaluationOptions options, ReasoningCard? card, GenerationPlan plan, List<JsonObject> rows, int badRows)
    {
        bool Is(JsonObject row, string key) => row[key]!.GetValue<bool>();
        var correct = rows.Count(row => Is(row, "correct"));
        var result = new EvaluationResult(
            rows.Count,
            correct,
            rows.Count(row => Is(row, "correct_strict")),
            rows.Count(row => Is(row, "correct") != Is(row, "correct_strict")),
            WilsonInterval.Of(correct, rows.Count),
            rows.Sum(row => row["seconds"]!.GetValue<double>()),
            rows.Sum(row => (long)row["tokens"]!.GetValue<int>()));
        Directory.CreateDirectory(options.Output);
        AtomicFile.WriteText(Path.Combine(options.Output, "predictions.jsonl"), string.Concat(rows.Select(row => row.ToJsonString(Line) + "\n")));
        AtomicFile.WriteText(Path.Combine(options.Output, "evaluation.json"), Summary(options, card, plan, result, badRows).ToJsonString(Indented) + "\n");
        return result;
    }

    private static JsonObject Summary(EvaluationOptions options, ReasoningCard? card, GenerationPlan plan, EvaluationResult result, int badRows) => new()
    {
        ["dataset"] = string.Join(' ', options.Data.Select(Path.GetFileName)),
        ["examples"] = result.Examples,
        ["correct"] = result.Correct,
        ["accuracy"] = (double)result.Correct / result.Examples,
        ["accuracy_strict"] = (double)result.CorrectStrict / result.Examples,
        ["disagreements"] = result.Disagreements,
        ["ci95"] = new JsonArray(result.Interval.Low, result.Interval.High),
        ["method"] = card?.Method ?? "none",
        ["latent_steps"] = plan.LatentSteps,
        ["prefix_fed"] = plan.Mode != AnswerMode.Explicit && plan.Prefix.Length > 0,
        ["seconds"] = result.Seconds,
        ["tokens_generated"] = result.TokensGenerated,
        ["seed"] = options.Seed ?? RunDirectory.SeedOf(options.Model),
        ["bad_rows_skipped"] = badRows,
    };
}
