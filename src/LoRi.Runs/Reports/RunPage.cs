using System.Globalization;
using System.Text.Json.Nodes;
using LoRi.Files.Text;
using LoRi.Math;
using LoRi.Runs.Evaluate;
using LoRi.Training;

namespace LoRi.Runs.Reports;

/// <summary>The page about some runs, drawn into the same charts.</summary>
/// <param name="runs">What is shown.</param>
/// <param name="elsewhere">Evaluations that do not lie in a run.</param>
/// <param name="decoded">Questions of latent runs, by the runs' names.</param>
/// <param name="notes">What could not be shown, and why.</param>
internal sealed class RunPage(
    IReadOnlyList<RunRecord> runs,
    IReadOnlyList<EvaluationRecord> elsewhere,
    IReadOnlyList<(string Run, IReadOnlyList<DecodedQuestion> Questions)> decoded,
    IReadOnlyList<string> notes)
{
    private readonly EvaluationTables evaluations = new(EvaluatedRun.All(runs, elsewhere));

    private readonly (string Run, FittedSubspace Subspace)[] subspaces =
        [.. runs.Where(run => run.Subspace is not null).Select(run => (run.Name, run.Subspace!))];

    /// <summary>All charts, the most important first.</summary>
    public IReadOnlyList<Chart> Charts() => [.. Curves().SelectMany(curves => curves.Charts()), .. SpectrumCharts.Of(subspaces)];

    private string Title => $"lori report: {Names}";

    private string Names => string.Join(", ", runs.Select(run => run.Name));

    /// <summary>The page at a glance.</summary>
    public Overview Overview() =>
        new(Found(), evaluations.Bars(), Charts(),
            [.. decoded.SelectMany(run => run.Questions.Select((question, index) => question.Card($"{run.Run}, question {index + 1}")))]);

    /// <summary>The page.</summary>
    public string Html()
    {
        var page = new HtmlPage(Title, Found());
        page.Paragraph($"{(runs.Count == 1 ? "The run" : "The runs")} {Names}, as lori report shows them.");
        foreach (var note in notes)
        {
            page.Paragraph("Note: " + note);
        }

        Accuracy(page);
        Methods(page);
        Probes(page);
        Latents(page);
        Training(page);
        Spectra(page);
        Settings(page);
        return page.ToString();
    }

    /// <summary>What was found, in words.</summary>
    private string Found() => evaluations.Headline() ?? (runs.Count == 1 ? $"{Trained(runs[0])}; not evaluated yet"
        : $"{runs.Count} runs, none of them evaluated yet");

    private static string Trained(RunRecord run) => run.Column("loss")?.Steps is { Count: > 0 } steps
        ? $"{run.Name}: {Number(steps[^1], "#,0")} steps{(run.Method is { } method ? $" of {method}" : "")}"
        : $"{run.Name}: begun";

    /// <summary>Students first: their losses and those of teachers are sums of different terms, and not drawn into one chart.</summary>
    private IEnumerable<RunCurves> Curves() =>
        new[] { false, true }.Select(teachers => new RunCurves(runs, teachers, evaluations.HeroName)).Where(curves => curves.HasRuns);

    private void Accuracy(HtmlPage page)
    {
        var (accuracies, costs) = (evaluations.Accuracies(), evaluations.Costs());
        if (accuracies.Rows.Count > 0)
        {
            page.Section(accuracies.Heading).Bars(BarMarkup.Caption, evaluations.Bars())
                .Table(accuracies.Headers, accuracies.Rows, evaluations.Marked)
                .Section(costs.Heading).Table(costs.Headers, costs.Rows, evaluations.Marked);
        }
    }

    private void Methods(HtmlPage page)
    {
        var known = runs.Select(run => (run, About: run.Method is { } name ? KnownMethods.Find(name)?.About : null))
            .Where(found => found.About is not null).ToArray();
        if (known.Length > 0)
        {
            page.Section("What the methods do").Table(
                ["run", "method", "what it does"],
                known.Select(found => (string[])[found.run.Name, found.About!.Name, found.About.Explanation]));
        }
    }

    private void Training(HtmlPage page)
    {
        var trained = runs.Where(run => run.Metrics.Count > 0).ToArray();
        if (trained.Length == 0)
        {
            return;
        }

        page.Section("Training").Table(
            ["run", "last step", "loss", "tokens", "tokens/s", "training s", "peak memory MiB", "share of matrix-product rate %"],
            trained.Select(run => (string[])
            [
                run.Name, Last(run.Column("loss")?.Steps, "0"), LastLoss(run.Column("loss")?.Values),
                Last(run.Column("tokens")?.Values, "#,0"),
                Number(Of(run.Summary, "tokens_per_second"), "#,0"), Last(run.Column("seconds")?.Values, "F1"),
                Number(Of(run.Summary, "peak_memory_bytes") / (1 << 20), "#,0"), Number(100 * Of(run.Summary, "share_of_ceiling"), "F0"),
            ]));
        var curves = Curves().ToArray();
        foreach (var one in curves)
        {
            (curves.Length > 1 ? page.Part(one.Role) : page).Charts(one.Charts());
        }
    }

    private void Spectra(HtmlPage page)
    {
        if (subspaces.Length > 0)
        {
            page.Section("How low-rank the teacher's trajectories are")
                .Paragraph("Eigenvalues of the Gram matrices of both modes. Entropy rank: the exponential of the entropy of their shares; "
                    + "participation: the square of their sum over the sum of their squares.")
                .Table(SpectrumCharts.Headers, SpectrumCharts.Rows(subspaces))
                .Charts(SpectrumCharts.Of(subspaces));
        }
    }

    private void Probes(HtmlPage page)
    {
        var probes = runs.SelectMany(run => run.Probes.Select(probe => (run.Name, probe))).ToArray();
        if (probes.Length > 0)
        {
            page.Section("What answers owe to the latent steps").Table(
                ["run", "data", "questions", "verdict", "found"],
                probes.Select(found => (string[])
                [
                    found.Name, found.probe.Dataset, Number(found.probe.Examples, "#,0"), found.probe.Verdict, found.probe.Says,
                ]));
        }
    }

    private void Latents(HtmlPage page)
    {
        foreach (var (run, questions) in decoded)
        {
            page.Section($"Latent steps of {run}, decoded").Paragraph(
                "Each latent step's final state through the output matrix: its likeliest token, under its share of the chain, which is "
                + "shifted by one token, as a state is read as what comes next. The steps are not trained to be read."
                + (questions.Any(question => question.Explanations.Count > 0)
                    ? " What they stand for says the auxiliary decoder, which was trained to."
                    : "")).StripKey();
            foreach (var (question, index) in questions.Select((question, index) => (question, index)))
            {
                page.Card(question.Card($"Question {index + 1}"));
            }
        }
    }

    private void Settings(HtmlPage page)
    {
        var keys = runs.SelectMany(run => run.Settings.Select(setting => setting.Key)).Distinct().ToArray();
        var rows = keys.Select(
            key => (string[])[key, .. runs.Select(run => run.Settings.FirstOrDefault(setting => setting.Key == key).Value ?? "-")])
            .Where(row => row.Skip(1).Any(value => value != "-")).ToArray();
        if (rows.Length > 0)
        {
            var differing = Enumerable.Range(0, rows.Length).Where(row => rows[row].Skip(1).Distinct().Count() > 1).ToHashSet();
            page.Section("Settings").Folded(
                differing.Count > 0 ? "all settings; those that differ are marked" : "all settings",
                folded => folded.Table(["setting", .. runs.Select(run => run.Name)], rows, differing));
        }
    }

    private static string Number(double? value, string format) =>
        value is { } number && double.IsFinite(number) ? number.ToString(format, CultureInfo.InvariantCulture) : "-";

    private static string Last(List<double>? values, string format) => Number(values is { Count: > 0 } ? values[^1] : null, format);

    /// <summary>A loss that is no number is a finding, not a gap.</summary>
    private static string LastLoss(List<double>? values) => values is not { Count: > 0 } ? "-"
        : double.IsFinite(values[^1]) ? NumberText.Of(values[^1]) : double.IsNaN(values[^1]) ? "not a number" : "infinite";

    private static double? Of(JsonObject? json, string key) =>
        json?[key] is JsonValue value && value.TryGetValue<double>(out var number) ? number : null;
}
