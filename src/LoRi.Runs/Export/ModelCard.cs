using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using LoRi.Files.Json;
using LoRi.Files.Text;
using LoRi.Models.Reasoning;
using LoRi.Runs.Evaluate;

namespace LoRi.Runs.Export;

/// <summary>The <c>README.md</c> of an export: a YAML header that the Hub reads, and what a user must know.</summary>
internal sealed class ModelCard
{
    private readonly StringBuilder text = new();
    private readonly Provenance made;
    private readonly ExportOptions options;

    private ModelCard(Provenance made, ExportOptions options) => (this.made, this.options) = (made, options);

    private bool IsAdapter => options.Form == ExportForm.Adapter;

    /// <summary>The whole text. Numbers are of the files that were given; where none was measured, that is said.</summary>
    public static string Of(Provenance made, ExportOptions options)
    {
        var card = new ModelCard(made, options);
        card.Header();
        card.Line($"# {made.Name}");
        card.Line();
        card.Introduction();
        CardUse.Write(card.Line, made, options);
        card.Data();
        card.Accuracy();
        card.Probes();
        card.Settings();
        return card.text.ToString();
    }

    private void Line(string line = "") => text.Append(line).Append('\n');

    /// <summary>A JSON string is a YAML string in double quotes, whatever it holds.</summary>
    private static string Quoted(string value) => JsonSerializer.Serialize(value, JsonText.Indented);

    private static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    private void Header()
    {
        Line("---");
        Line($"library_name: {(IsAdapter ? "peft" : "transformers")}");
        Line("pipeline_tag: text-generation");
        if (options.Licence is { } licence)
        {
            Line($"license: {licence}");
        }

        List("language", options.Languages);
        if (made.Base is { } name)
        {
            Line($"base_model: {Quoted(name)}");
            Line($"base_model_relation: {(IsAdapter ? "adapter" : "finetune")}");
        }

        List("datasets", made.Datasets);

        var hasCode = made.Card is { } card && ModellingFile.Takes(card) && !IsAdapter;
        string?[] tags = ["lori", "implicit-reasoning", made.Card?.Method, IsAdapter ? "lora" : null, hasCode ? "custom_code" : null];
        List("tags", [.. tags.OfType<string>().Distinct()]);
        Index([.. made.Evaluations.Where(one => one.HubName is not null)]);

        Line("---");
        Line();
    }

    private void List(string key, IReadOnlyList<string> values)
    {
        if (values.Count > 0)
        {
            Line($"{key}:");
            foreach (var value in values)
            {
                Line($"- {Quoted(value)}");
            }
        }
    }

    /// <summary>Results for the Hub's tables, which know data sets by its own names alone; all others stand in the text only.</summary>
    private void Index(IReadOnlyList<(EvaluationRecord Found, string? HubName)> evaluations)
    {
        if (evaluations.Count == 0)
        {
            return;
        }

        List("metrics", ["accuracy"]);
        Line("model-index:");
        Line($"- name: {Quoted(made.Name)}");
        Line("  results:");
        foreach (var (evaluation, hubName) in evaluations)
        {
            Line("  - task:");
            Line("      type: text-generation");
            Line("    dataset:");
            Line($"      name: {Quoted($"{hubName} ({evaluation.Dataset})")}");
            Line($"      type: {Quoted(hubName!)}");
            Line("    metrics:");
            Line("    - type: accuracy");
            Line($"      value: {Number(evaluation.Accuracy)}");
        }
    }

    private void Introduction()
    {
        var what = IsAdapter ? "A LoRA adapter" : "A language model";
        var basis = made.Base is { } name ? $" of `{name}`" : "";
        Line(made.Card switch
        {
            null => $"{what}{basis}, handed out by `lori export` without a record of training.",
            { LatentSteps: > 0 } card =>
                $"{what}{basis}, trained by the method `{card.Method}` to reason in {card.LatentSteps} continuous latent steps: it answers "
                + "without writing a chain of thought.",
            { Reasoning.Mode: AnswerMode.Substituted } card =>
                $"{what}{basis}, trained by the method `{card.Method}` to reason inside its blocks: a second model of the "
                + "folder writes states into its pass over the question, and it answers without writing a chain of thought.",
            { Reasoning.Mode: AnswerMode.Explicit } => $"{what}{basis}, fine-tuned to write its chain of thought before the answer.",
            var card => $"{what}{basis}, trained by the method `{card.Method}`.",
        });
        Line();
    }

    private void Data()
    {
        Line("## Data");
        Line();
        if (made.Setting("data") is not { } data)
        {
            Line("The export names no training data.");
            Line();
            return;
        }

        var limit = made.Setting("limit") is { } rows ? $", the first {rows} rows" : "";
        var held = made.Setting("validation_fraction") is { } share && share != "0"
            ? $"; a share of {share} was held out for validation"
            : "";
        Line($"Trained on {data}{limit}{held}, with seed {made.Setting("seed") ?? "0"}.");
        if (made.Summary is { } summary)
        {
            Line($"{Measure(summary, "tokens")} tokens in {Measure(summary, "training_seconds")} seconds on {Measure(summary, "device")}, "
                + $"arithmetic in {Measure(summary, "dtype").ToLowerInvariant()}.");
        }

        Line();
    }

    private static string Measure(JsonObject summary, string key) => summary[key] switch
    {
        JsonValue value when value.GetValueKind() == JsonValueKind.Number =>
            value.GetValue<double>().ToString("N0", CultureInfo.InvariantCulture),
        JsonValue value when value.GetValueKind() == JsonValueKind.String => value.GetValue<string>(),
        _ => "an unknown number of",
    };

    private void Accuracy()
    {
        Line("## Measured accuracy");
        Line();
        if (made.Evaluations.Count == 0)
        {
            Line("None was given to the export: nothing is claimed.");
            Line();
            return;
        }

        Line("Per cent of questions answered right, with the 95 % interval of Wilson, by `lori evaluate`; \"strict\" is the stricter of "
            + "its two rules.");
        Line();
        Line("| data | questions | right | accuracy | 95 % interval | strict |");
        Line("| --- | --: | --: | --: | --- | --: |");
        foreach (var (one, _) in made.Evaluations)
        {
            Line(string.Create(
                CultureInfo.InvariantCulture,
                $"| {MarkdownText.Cell(one.Dataset)} | {one.Examples} | {one.Correct} | {100 * one.Accuracy:F1} | {100 * one.Low:F1} "
                + $"to {100 * one.High:F1} | {(one.Strict is { } strict ? $"{100 * strict:F1}" : "")} |"));
        }

        Line();
    }

    private void Probes()
    {
        foreach (var probe in made.Probes)
        {
            Line($"By `lori probe` on {MarkdownText.Cell(probe.Dataset)} ({probe.Examples} questions), {probe.Says}.");
            Line();
        }
    }

    private void Settings()
    {
        if (made.Settings.Count == 0)
        {
            return;
        }

        Line("## Settings");
        Line();
        Line("| setting | value |");
        Line("| --- | --- |");
        foreach (var (key, value) in made.Settings)
        {
            Line($"| {MarkdownText.Cell(key)} | {MarkdownText.Cell(value)} |");
        }
    }
}
