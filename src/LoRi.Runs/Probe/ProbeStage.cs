using LoRi.Files;
using LoRi.Files.Data;
using LoRi.Files.Settings;
using LoRi.Models.Decoders;
using LoRi.Models.ModelFiles;
using LoRi.Models.Reasoning;
using LoRi.Models.Sequences;
using LoRi.Runs.Answers;
using LoRi.Runs.Compare;
using LoRi.Runs.Evaluate;
using LoRi.Runs.Settings;
using static TorchSharp.torch;

namespace LoRi.Runs.Probe;

/// <summary>
/// <c>lori probe</c>: answers the questions of a data set as <c>lori evaluate</c> does, and again with the inputs of the latent steps
/// replaced: what an answer loses thereby it owes to them.
/// </summary>
public sealed class ProbeStage
{
    private const int Resamples = 2000;

    private readonly SettingValues values;
    private readonly QuestionAnswerer answerer;
    private readonly ReasoningSet set;
    private readonly LatentReasoning reasoning;
    private readonly AnswerRule rule;
    private readonly Action<string> info;
    private readonly CancellationToken stop;

    private ProbeStage(
        SettingValues values, QuestionAnswerer answerer, ReasoningSet set, AnswerRule rule, Action<string> info, CancellationToken stop)
    {
        (this.values, this.answerer, this.set, this.rule, this.info, this.stop) = (values, answerer, set, rule, info, stop);
        reasoning = Replaceable(values, answerer.Plan.Reasoning);
    }

    private IReadOnlyList<LatentIntervention> Interventions => values.Get(ProbeSettings.Interventions);

    private int[] Steps => values.Get(ProbeSettings.Steps) is { Count: > 0 } some
        ? [.. some.Distinct().Order().Select(step => step - 1)]
        : [.. Enumerable.Range(0, reasoning.LatentSteps)];

    private int BatchSize => values.Get(AnswerSettings.BatchSize);

    /// <summary>Probes a model and writes the file.</summary>
    /// <param name="values">Settings of <see cref="ProbeSettings.All"/>.</param>
    /// <param name="info">Told what happens, a line each.</param>
    /// <param name="stop">Asks to stop.</param>
    /// <exception cref="InputException">The model takes no latent steps, or a setting does not fit it.</exception>
    /// <exception cref="OperationCanceledException">It was asked to stop.</exception>
    public static ProbeResult Run(SettingValues values, Action<string> info, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(values);
        return Run(values, AnswerRule.Of(values.Get(ProbeSettings.Rule)), info, stop);
    }

    /// <summary>The same with a rule of one's own for what is right.</summary>
    internal static ProbeResult Run(SettingValues values, AnswerRule rule, Action<string> info, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(values);
        ArgumentNullException.ThrowIfNull(info);
        ProbeSettings.All.Check(values);
        var options = new EvaluationOptions(values);
        var (set, tokenizer) = AskedQuestions.Read(options, info);
        if (ModelLoader.Card(options.Model) is { } known)
        {
            Replaceable(values, known.Reasoning);
        }

        var load = new LoadSettings(StageModel.PrecisionOf(options.Dtype), StageModel.DeviceOf(options.Device));
        var (model, card) = ModelLoader.Load(options.Model, load);
        using var owned = model;
        StageModel.CheckFits(tokenizer, model, options.Model);
        var answerer = new QuestionAnswerer(options, model, card, tokenizer);
        answerer.CheckPositions(set, info);
        var stage = new ProbeStage(values, answerer, set, rule, info, stop);
        stage.CheckSteps(model);
        var result = stage.Probe(card);
        ProbeFile.Write(values.Get(ProbeSettings.Output), result);
        return result;
    }

    private static LatentReasoning Replaceable(SettingValues values, IReasoning reasoning) =>
        reasoning as LatentReasoning ?? throw new InputException(
            $"--model {values.Get(AnswerSettings.Model)}: {Why(reasoning)}; name a student that takes latent steps one after the other or "
            + "in Jacobi sweeps");

    private static string Why(IReasoning reasoning) => reasoning.Latents?["kind"] is { } kind
        ? $"reasons in the way {kind.GetValue<string>()}, whose steps have no inputs that can be replaced"
        : "takes no latent steps, so that there is nothing to replace";

    private void CheckSteps(ReasoningModel model)
    {
        if (Steps.FirstOrDefault(step => step >= reasoning.LatentSteps, -1) is >= 0 and var beyond)
        {
            throw new InputException($"--steps {beyond + 1}: the model takes {reasoning.LatentSteps} latent steps; name steps from 1 to "
                + $"{reasoning.LatentSteps}");
        }

        var width = model.Config.HiddenSize;
        if (Interventions.FirstOrDefault(one => one.IsProjection && one.Amount > width)
            is { } tooMany)
        {
            throw new InputException($"--intervene {tooMany}: the inputs have {width} components; name a rank of at most {width}");
        }

        if (set.Examples.Count < 2)
        {
            throw new InputException($"--data {string.Join(' ', values.Get(AnswerSettings.Data))}: has one question, and nothing can take "
                + "the place of its own latent inputs; give more");
        }
    }

    private ProbeResult Probe(ReasoningCard? card)
    {
        var own = Answers("as it is", _ => null);
        using var latents = Observe();
        var effects = new List<ProbeEffect>();
        foreach (var (intervention, steps, draw) in Plan())
        {
            var name = $"{intervention} at {(steps.Length == reasoning.LatentSteps ? "all steps" : $"step {string.Join(", ", steps.Select(
                step => step + 1))}")}";
            var changed = Answers(name, questions => latents.Edit(intervention, steps.ToHashSet(), questions, Seed(draw)));
            effects.Add(Effect(intervention, steps, draw, own, changed));
        }

        var untouched = ProbeAccuracy.Of([.. own.Select(rule.IsRight)]);
        var verdict = ProbeVerdict.Of(untouched, effects, reasoning.LatentSteps);
        var options = new EvaluationOptions(values);
        return new ProbeResult
        {
            Format = ProbeResult.FormatName,
            Version = RunSettings.Version,
            Model = Paths.FullWhereThere(options.Model),
            Method = card?.Method ?? "none",
            Reasoning = reasoning.Latents["kind"]!.GetValue<string>(),
            LatentSteps = reasoning.LatentSteps,
            Dataset = options.Dataset,
            Rule = rule.Name,
            Examples = own.Length,
            Seed = values.Get(ProbeSettings.Seed),
            Untouched = untouched,
            Effects = effects,
            Verdict = verdict.Name,
            Says = verdict.Says,
        };
    }

    private long Seed(int draw) => unchecked((values.Get(ProbeSettings.Seed) * 1_000_003) + draw);

    /// <summary>Every intervention at all its steps, and where that is asked for at each alone; what is random as often as it is drawn,
    /// beside every projection one to as many random directions.</summary>
    private IEnumerable<(LatentIntervention Intervention, int[] Steps, int Draw)> Plan()
    {
        int[][] places = values.Get(ProbeSettings.EachStep) && Steps.Length > 1 ? [Steps, .. Steps.Select(step => (int[])[step])] : [Steps];
        var floors = Interventions.Where(one => one.Kind == InterventionKind.Rank)
            .Select(one => one with { Kind = InterventionKind.RandomRank });
        foreach (var intervention in Interventions.Concat(floors).Distinct())
        {
            foreach (var steps in places)
            {
                for (var draw = 1; draw <= (intervention.IsDrawn ? values.Get(ProbeSettings.Draws) : 1); draw++)
                {
                    yield return (intervention, steps, draw);
                }
            }
        }
    }

    /// <summary>The answers to all questions, where an edit is given for the numbers of a batch's questions.</summary>
    private PredictionRow[] Answers(string name, Func<IReadOnlyList<int>, LatentEdit?> edit)
    {
        var rows = new List<PredictionRow>();
        foreach (var batch in set.Examples.Chunk(BatchSize))
        {
            stop.ThrowIfCancellationRequested();
            var how = answerer.Plan with
            {
                Reasoning = reasoning with { Edit = edit([.. Enumerable.Range(rows.Count, batch.Length)]) },
            };
            rows.AddRange(answerer.Answer(batch, how));
        }

        info($"{name}: {rows.Count(rule.IsRight):N0} of {rows.Count:N0} right");
        return [.. rows];
    }

    private ObservedLatents Observe()
    {
        using var scope = NewDisposeScope();
        var parts = set.Examples.Chunk(BatchSize).Select(batch => answerer.Latents(batch, reasoning)).ToArray();
        return new ObservedLatents(cat(parts, 0));
    }

    private ProbeEffect Effect(
        LatentIntervention intervention, int[] steps, int draw, PredictionRow[] own, PredictionRow[] changed)
    {
        var pairs = own.Zip(changed).ToArray();
        var test = new McNemar(pairs.Count(pair => rule.IsRight(pair.First) && !rule.IsRight(pair.Second)),
            pairs.Count(pair => !rule.IsRight(pair.First) && rule.IsRight(pair.Second)));
        var bootstrap = new PairedBootstrap(
            [.. changed.Select(row => rule.IsRight(row) ? 1.0 : 0)], [.. own.Select(row => rule.IsRight(row) ? 1.0 : 0)], Resamples, 0);
        var (low, high) = bootstrap.Interval(0.95, BootstrapInterval.Percentile);
        return new ProbeEffect
        {
            Intervention = intervention.ToString(),
            Steps = [.. steps.Select(step => step + 1)],
            Draw = intervention.IsDrawn ? draw : null,
            Accuracy = ProbeAccuracy.Of([.. changed.Select(rule.IsRight)]),
            Difference = bootstrap.Difference,
            DifferenceCi95 = [low, high],
            P = test.ExactP,
            OnlyWithout = test.OnlyFirst,
            OnlyWith = test.OnlySecond,
            SameAnswers = pairs.Count(pair => pair.First.Text == pair.Second.Text),
        };
    }
}
