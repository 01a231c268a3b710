using System.Globalization;
using LoRi.Runs.Demo;
using LoRi.Runs.Scoring;

namespace LoRi.Runs.Reports;

/// <summary>The page about a demonstration.</summary>
/// <param name="report">What it found.</param>
internal sealed class DemoPage(DemoReport report)
{
    private readonly IGrouping<string, DemoRow>[] methods = [.. report.Rows.GroupBy(row => row.Method)];
    private readonly string[] lengths = [.. report.Rows.SelectMany(row => row.PerLength.Keys).Distinct().OrderBy(Length)];

    /// <summary>Accuracy by chain length; the work that each method needs.</summary>
    public IReadOnlyList<Chart> Charts() =>
    [
        new("Accuracy by chain length, all seeds together", "operations in the question (K)", "right answers (%)",
            [.. methods.Select(
                (rows, index) =>
                    new ChartSeries(rows.Key, [.. lengths.Select(Length)], [.. lengths.Select(length => Pooled(rows, length).Share)], index,
                        index))])
        { FromZero = true },
    ];

    private string Title => $"lori demo: {report.Setting}{(report.Quick ? " (quick: its numbers mean nothing)" : "")}";

    /// <summary>The page at a glance.</summary>
    public Overview Overview() => new(Title, [.. methods.Select(Bar)], Charts(), [.. report.WorkedExamples.Select(Card)]);

    /// <summary>The page.</summary>
    public string Html()
    {
        var page = new HtmlPage(Title);
        var accuracy = Accuracy();
        page.Paragraph(
            $"Chained arithmetic modulo {ChainedArithmetic.Modulus}: chance is {100.0 / ChainedArithmetic.Modulus:F1} %. "
            + $"Seeds {string.Join(", ", report.Seeds)}; {report.Seconds:F0} s in all. "
            + "Intervals are Wilson's over all questions of all seeds together; they do not count the spread between seeds, which stands "
            + "beside them.");
        page.Section(accuracy.Heading).Table(accuracy.Headers, accuracy.Rows);
        page.Section("Accuracy by chain length").Charts(Charts()).Table(
            ["method", .. lengths.Select(length => $"K={length}")],
            methods.Select(rows => (string[])[rows.Key, .. lengths.Select(length => Cell(Pooled(rows, length)))]));
        Ranks(page);
        Examples(page);
        return page.ToString();
    }

    private OverviewTable Accuracy() => new(
        "Accuracy",
        ["method", "accuracy %", "95 % interval", "each seed %", "steps", "training s", "tokens written", "latency ms"],
        [.. methods.Select(Method)]);

    private static OverviewCard Card(WorkedExample example) => new(example.Question,
    [
        ("right answer", example.Gold), ("teacher writes", example.Teacher), ("student writes", example.Student),
        ("latents decode to", string.Join("  ", example.Latents)),
    ]);

    private static double Length(string text) =>
        double.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out var length) ? length : double.NaN;

    /// <summary>Share of right answers of one chain length over all seeds, in per cent, with its interval.</summary>
    private static (double Share, WilsonInterval Interval) Pooled(IEnumerable<DemoRow> rows, string length)
    {
        var counted = rows.Where(row => row.PerLength.ContainsKey(length) && row.ExamplesPerLength.ContainsKey(length)).ToArray();
        var examples = counted.Sum(row => row.ExamplesPerLength[length]);
        var correct = counted.Sum(row => (int)System.Math.Round(row.PerLength[length] * row.ExamplesPerLength[length]));
        return (100.0 * correct / examples, WilsonInterval.Of(correct, examples));
    }

    private static OverviewBar Bar(IGrouping<string, DemoRow> rows)
    {
        var (correct, examples) = (rows.Sum(row => row.Correct), rows.Sum(row => row.Examples));
        var interval = WilsonInterval.Of(correct, examples);
        return new OverviewBar(rows.Key, (double)correct / examples, interval.Low, interval.High);
    }

    private static string[] Method(IGrouping<string, DemoRow> rows)
    {
        var bar = Bar(rows);
        return
        [
            rows.Key, $"{100 * bar.Share:F1}", $"{100 * bar.Low:F1} to {100 * bar.High:F1}",
            string.Join(" / ", rows.Select(row => $"{100 * row.Accuracy:F1}")), $"{rows.First().Steps}",
            $"{rows.Average(row => row.Seconds):F0}",
            $"{rows.Average(row => (double)row.TokensGenerated / row.Examples):F1}", $"{rows.Average(row => row.LatencyMilliseconds):F1}",
        ];
    }

    /// <summary>A method that was not asked questions of a length has no share there.</summary>
    private static string Cell((double Share, WilsonInterval Interval) of) => !double.IsFinite(of.Share) ? "-"
        : $"{of.Share:F1} ({100 * of.Interval.Low:F0} to {100 * of.Interval.High:F0})";

    private void Ranks(HtmlPage page) => page
        .Section("How low-rank the first teacher's trajectories are")
        .Paragraph("Effective ranks of the Gram matrices of both modes, and the smallest ranks that keep a share of their energy.")
        .Table(
            ["mode", "standardisation", "size", "entropy rank", "participation", "rank for 90 %", "95 %", "99 %"],
            report.Ranks.Select(row => (string[])
                [row.Mode, row.Standardise, $"{row.Size}", $"{row.EntropyRank:F2}", $"{row.ParticipationRank:F2}", $"{row.RankFor90}",
                    $"{row.RankFor95}", $"{row.RankFor99}"]));

    private void Examples(HtmlPage page)
    {
        page.Section("Questions of the first seed").Paragraph(
            "As the teacher writes them out, and as the LoRi student answers after its latent steps. Each latent step is shown as the "
            + "token that its final state is nearest to.");
        foreach (var example in report.WorkedExamples)
        {
            var card = Card(example);
            page.Card(card.Heading, card.Fields);
        }
    }
}
