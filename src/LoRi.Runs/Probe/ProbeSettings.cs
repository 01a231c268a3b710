using LoRi.Files.Settings;
using LoRi.Runs.Scoring;
using LoRi.Runs.Settings;

namespace LoRi.Runs.Probe;

/// <summary>The settings of <c>lori probe</c>.</summary>
public static class ProbeSettings
{
    /// <summary>How reports and cards find a probe in a folder.</summary>
    public const string UsualName = "probe.json";

    /// <summary>The file to write.</summary>
    public static readonly Setting<string> Output = StageSettings.Output with
    {
        ValueName = "file",
        Help = $"the JSON file to write; as {UsualName} in a run it stands in its report and card",
        Required = "name the JSON file to write",
    };

    /// <summary>What becomes of the inputs of latent steps.</summary>
    public static readonly Setting<IReadOnlyList<LatentIntervention>> Interventions = new(
        "intervene", "what", LatentIntervention.Form,
        [new(InterventionKind.Zero), new(InterventionKind.Mean), new(InterventionKind.Shuffle)],
        "what replaces the inputs of latent steps: zero, mean, shuffle, noise:S, rank:K or random-rank:K; several may follow")
    { DefaultText = "zero mean shuffle" };

    /// <summary>The steps whose inputs are replaced; none for all.</summary>
    public static readonly Setting<IReadOnlyList<int>> Steps = new(
        "steps", "n", Numbers, [], "latent steps whose inputs are replaced, counted from 1; several may follow")
    { DefaultText = "all" };

    /// <summary>Whether every intervention is also made at each of the steps alone.</summary>
    public static readonly Setting<bool> EachStep =
        new("each_step", "", Forms.Flag, false, "make every intervention at each of these steps alone as well");

    /// <summary>By which rule answers are right.</summary>
    public static readonly Setting<ScoringRule> Rule = new(
        "rule", "name", Forms.Choice(("codi", ScoringRule.Codi), ("strict", ScoringRule.Strict)), ScoringRule.Codi,
        "by which rule answers are right, {choices}; strict for answers that are no numbers, or several");

    /// <summary>Draws of what is random.</summary>
    public static readonly Setting<int> Draws =
        new("draws", "n", Forms.Whole(1, 1000), 3, "draws of noise and of random directions, which stand beside every rank:K");

    /// <summary>What is random.</summary>
    public static readonly Setting<long> Seed = new("seed", "n", Forms.Seed, 0, "seed of what is random");

    /// <summary><c>lori probe</c>.</summary>
    public static CommandSettings All { get; } = new("probe",
    [
        AnswerSettings.Model, AnswerSettings.Tokenizer, AnswerSettings.LatentSteps, AnswerSettings.AnswerPrefix, AnswerSettings.WritePrefix,
        AnswerSettings.QuestionText, AnswerSettings.DataName, AnswerSettings.MaxNewTokens,
        AnswerSettings.Data, Output, Interventions, Steps, EachStep, Draws, Seed, Rule, StageSettings.Limit, StageSettings.SkipBadLines,
        StageSettings.Format, StageSettings.QuestionColumn, StageSettings.RationaleColumn, StageSettings.AnswerColumn,
        AnswerSettings.BatchSize, StageSettings.Threads, StageSettings.Dtype, StageSettings.Device, StageSettings.Json,
    ])
    {
        Rules =
        [
            new(values => OutputName.FileFault(values.Get(Output), "a JSON file", ".json"), Output),
            SettingRule.NotBoth(AnswerSettings.AnswerPrefix, AnswerSettings.WritePrefix, "a prefix is fed, or the model writes it"),
        ],
    };

    private static ValueForm<IReadOnlyList<int>> Numbers => Forms.WholeList(1);
}
