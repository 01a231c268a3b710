using System.Globalization;
using System.Text.Json.Nodes;
using LoRi.Files.Text;
using LoRi.Math;
using LoRi.Runs.Evaluate;

namespace LoRi.Runs.Reports;

/// <summary>The page about some runs, drawn into the same charts.</summary>
/// <param name="runs">What is shown.</param>
/// <param name="evaluations">Evaluations that lie elsewhere.</param>
/// <param name="decoded">Questions of latent runs, by the runs' names.</param>
/// <param name="notes">What could not be shown, and why.</param>
internal sealed class RunPage(
    IReadOnlyList<RunRecord> runs,
    IReadOnlyList<EvaluationRecord> evaluations,
    IReadOnlyList<(string Run, IReadOnlyList<DecodedQuestion> Questions)> decoded,
    IReadOnlyList<string> notes)
{
    private const string Validation = "validation_loss";
    private const string Spread = "latent_spread";
    private static readonly string[] NotTerms =
        ["loss", "tokens", "learning_rate", "gradient_norm", "tokens_per_second", "seconds", Validation, Spread];

    private readonly (string Run, FittedSubspace Subspace)[] subspaces =
        [.. runs.Where(run => run.Subspace is not null).Select(run => (run.Name, run.Subspace!))];

    /// <summary>All charts, losses first.</summary>
    public IReadOnlyList<Chart> Charts() => [.. Curves(), .. SpectrumCharts.Of(subspaces)];

    private string Title => $"lori report: {string.Join(", ", runs.Select(run => run.Name))}";

    /// <summary>The page at a glance.</summary>
    public Overview Overview() =>
        new(Title, Bars(), Charts(),
            [.. decoded.SelectMany(run => run.Questions.Select((question, index) => Card($"{run.Run}, question {index + 1}", question)))]);

    /// <summary>The page.</summary>
    public string Html()
    {
        var page = new HtmlPage(Title);
        foreach (var note in notes)
        {
            page.Paragraph("Note: " + note);
        }

        Accuracy(page);
        Training(page);
        Spectra(page);
        Latents(page);
        Settings(page);
        return page.ToString();
    }

    private IEnumerable<Chart> Curves()
    {
        var terms = runs.SelectMany(run => run.Metrics.Select(column => column.Name)).Distinct()
            .Where(name => !NotTerms.Contains(name) && IsOn(name));
        yield return Curve("loss", "Total loss", "weighted sum of the terms");
        foreach (var term in terms)
        {
            yield return Curve(term, $"Loss term: {term}", term is "task" or "teacher" ? "nats per graded token" : "unweighted loss");
        }

        yield return Curve(Validation, "Task loss of the rows held out", "nats per graded token");
        yield return Curve(Spread, "Spread of the latents", "from 0 (one vector) to 1");
        yield return Curve("learning_rate", "Learning rate", "learning rate per step");
        yield return Curve("gradient_norm", "Gradient before clipping", "global 2-norm");
    }

    /// <summary>A term that is off is zero at every step.</summary>
    private bool IsOn(string term) => runs.Any(run => run.Column(term)?.Values.Any(value => value != 0) == true);

    private Chart Curve(string column, string title, string unit) => new(title, "optimizer step", unit,
    [
        .. runs.Select((run, index) => (run, index, Column: run.Column(column))).Where(found => found.Column is not null).Select(found =>
            new ChartSeries(found.run.Name, found.Column!.Steps, found.Column.Values, found.index, found.index / ChartInk.Count)),
    ])
    { HasLegend = runs.Count > 1 };

    private void Accuracy(HtmlPage page)
    {
        foreach (var table in new[] { Accuracies(), Costs() }.Where(table => table.Rows.Count > 0))
        {
            page.Section(table.Heading).Table(table.Headers, table.Rows);
        }
    }

    private (string Run, EvaluationRecord Evaluation)[] Evaluated() =>
    [
        .. runs.SelectMany(run => run.Evaluations.Select(evaluation => (run.Name, evaluation))),
        .. evaluations.Select(evaluation => (evaluation.Folder, evaluation)),
    ];

    /// <summary>Accuracies, named by their run, and by their data where these differ.</summary>
    private OverviewBar[] Bars()
    {
        var all = Evaluated();
        var differ = all.Select(row => row.Evaluation.Dataset).Distinct().Count() > 1;
        return
        [
            .. all.Select(row => new OverviewBar(
                differ ? $"{row.Run}, {row.Evaluation.Dataset}" : row.Run, row.Evaluation.Accuracy, row.Evaluation.Low,
                row.Evaluation.High)),
        ];
    }

    private OverviewTable Accuracies()
    {
        var all = Evaluated();
        var unreadable = all.Any(row => row.Evaluation.BothUnreadable > 0);
        var unfinished = all.Any(row => row.Evaluation.CutOff > 0 || row.Evaluation.Empty > 0);
        return new OverviewTable(
            "Accuracy",
            ["run", "data", "questions", "right", "accuracy %", "95 % interval", "strict %",
                .. unfinished ? ["cut off", "empty"] : Array.Empty<string>(), .. unreadable
                    ? ["neither a number (read strict %)"]
                    : Array.Empty<string>()],
            [.. all.Select(row => (string[])
            [
                row.Run, row.Evaluation.Dataset, $"{row.Evaluation.Examples}", $"{row.Evaluation.Correct}",
                Percent(row.Evaluation.Accuracy),
                $"{Percent(row.Evaluation.Low)} to {Percent(row.Evaluation.High)}", Percent(row.Evaluation.Strict),
                .. unfinished ? [Number(row.Evaluation.CutOff, "0"), Number(row.Evaluation.Empty, "0")] : Array.Empty<string>(),
                .. unreadable ? [Number(row.Evaluation.BothUnreadable, "0")] : Array.Empty<string>(),
            ])]);
    }

    private OverviewTable Costs() => new(
        "Cost of the answers",
        ["run", "data", "tokens written", "tokens a question", "seconds a question", "ms a batch: mean (median, 90 %)",
            "ms of a question alone: mean (median, 90 %)", "peak memory MiB"],
        [.. Evaluated().Select(row => (string[])
        [
            row.Run, row.Evaluation.Dataset, Number(row.Evaluation.TokensGenerated, "#,0"),
            Number(row.Evaluation.TokensGenerated / row.Evaluation.Examples, "F1"),
            Number(row.Evaluation.Seconds / row.Evaluation.Examples, "F3"), Times(row.Evaluation.Batch), Times(row.Evaluation.Single),
            Number(row.Evaluation.PeakMemoryBytes / (1 << 20), "#,0"),
        ])]);

    private static string Times(LatencySummary? times) =>
        times is null ? "-" : $"{Number(times.Mean, "F1")} ({Number(times.P50, "F1")}, {Number(times.P90, "F1")})";

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
        page.Charts(Curves());
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

    private void Latents(HtmlPage page)
    {
        foreach (var (run, questions) in decoded)
        {
            page.Section($"Latent steps of {run}, decoded").Paragraph(
                "Each latent step's final state through the output matrix: the three likeliest tokens and their probabilities. The steps "
                + "are not trained to be read."
                + (questions.Any(question => question.Explanations.Count > 0)
                    ? " What they stand for says the auxiliary decoder, which was trained to."
                    : ""));
            foreach (var (question, index) in questions.Select((question, index) => (question, index)))
            {
                var card = Card($"Question {index + 1}", question);
                page.Card(card.Heading, card.Fields);
            }
        }
    }

    private static OverviewCard Card(string heading, DecodedQuestion question) => new(heading,
    [
        ("question", question.Question), ("rationale in the data", question.Rationale), ("right answer", question.Gold),
        ("student writes", question.Answer),
        .. question.Latents.Select((latent, step) => ($"latent step {step + 1}", latent)),
        .. question.Explanations.Select(one => ($"{one.Latents}, said", one.Text ?? "")),
    ]);

    private void Settings(HtmlPage page)
    {
        var keys = runs.SelectMany(run => run.Settings.Select(setting => setting.Key)).Distinct().ToArray();
        if (keys.Length > 0)
        {
            var rows = keys.Select(
                key => (string[])[key, .. runs.Select(run => run.Settings.FirstOrDefault(setting => setting.Key == key).Value ?? "-")])
                .Where(row => row.Skip(1).Any(value => value != "-")).ToArray();
            var differing = Enumerable.Range(0, rows.Length).Where(row => rows[row].Skip(1).Distinct().Count() > 1).ToHashSet();
            page.Section("Settings").Table(["setting", .. runs.Select(run => run.Name)], rows, differing);
        }
    }

    private static string Percent(double? share) => Number(100 * share, "F1");

    private static string Number(double? value, string format) =>
        value is { } number && double.IsFinite(number) ? number.ToString(format, CultureInfo.InvariantCulture) : "-";

    private static string Last(List<double>? values, string format) => Number(values is { Count: > 0 } ? values[^1] : null, format);

    /// <summary>A loss that is no number is a finding, not a gap.</summary>
    private static string LastLoss(List<double>? values) => values is not { Count: > 0 } ? "-"
        : double.IsFinite(values[^1]) ? NumberText.Of(values[^1]) : double.IsNaN(values[^1]) ? "not a number" : "infinite";

    private static double? Of(JsonObject? json, string key) =>
        json?[key] is JsonValue value && value.TryGetValue<double>(out var number) ? number : null;
}
