using System.Globalization;
using LoRi.Models.Reasoning;
using LoRi.Runs.Demo;
using LoRi.Runs.Scoring;

namespace LoRi.Runs.Reports;

/// <summary>The page about a demonstration.</summary>
/// <param name="report">What it found.</param>
internal sealed class DemoPage(DemoReport report)
{
    private const string End = "=";
    private readonly IGrouping<string, DemoRow>[] methods = [.. report.Rows.GroupBy(row => row.Method)];
    private readonly string[] lengths = [.. report.Rows.SelectMany(row => row.PerLength.Keys).Distinct().OrderBy(Length)];

    /// <summary>Accuracy by chain length: a chart for each method, with all others behind it.</summary>
    public IReadOnlyList<Chart> Charts() => [.. methods.Select(one => new Chart(
        $"{one.Key}, right %", "operations in the question (K)", "right answers (%)",
        [.. methods.Select(rows => Line(rows, rows.Key == one.Key))])
    { FromZero = true, HasLegend = false, Size = ChartSize.Small })];

    private string Title => $"lori demo: {report.Setting}{(report.Quick ? " (quick: its numbers mean nothing)" : "")}";

    /// <summary>The page at a glance.</summary>
    public Overview Overview() => new(Found(), [.. methods.Select(Bar)], Charts(), [.. report.WorkedExamples.Select(Card)]);

    /// <summary>The page.</summary>
    public string Html()
    {
        var page = new HtmlPage(Title, Found());
        page.Paragraph(
            $"lori demo, setting {report.Setting}: chained arithmetic modulo {ChainedArithmetic.Modulus}, where chance is "
            + $"{100.0 / ChainedArithmetic.Modulus:F1} %. Seeds {string.Join(", ", report.Seeds)}; {report.Seconds:F0} s in all.");
        Accuracy(page);
        Explained(page);
        page.Section("Accuracy by chain length").Paragraph("Each method thick, all others thin behind it; all seeds together.")
            .Charts(Charts()).Table(
                ["method", .. lengths.Select(length => $"K={length}")],
                methods.Select(rows => (string[])[rows.Key, .. lengths.Select(length => Cell(Pooled(rows, length)))]), Hero);
        Examples(page);
        Ranks(page);
        return page.ToString();
    }

    private HashSet<int> Hero => [Array.FindIndex(methods, rows => rows.Key == DemoStudents.LoRi)];

    /// <summary>What was found, in words.</summary>
    private string Found()
    {
        OverviewBar? Of(string name) => methods.FirstOrDefault(rows => rows.Key == name) is { } rows ? Bar(rows) : null;
        var found = Of(DemoStudents.LoRi) is { } hero ? Headline.Of(hero, Of(DemoStudents.Explicit)) : Title;
        return report.Quick ? $"A quick run, whose numbers mean nothing: {found}" : found;
    }

    private void Accuracy(HtmlPage page)
    {
        page.Section("Accuracy").Bars(BarMarkup.Caption, [.. methods.Select(Bar)])
            .Table(
                ["method", "accuracy %", "95 % interval", "each seed %", "steps", "training s", "tokens written", "latency ms"],
                methods.Select(Method), Hero)
            .Paragraph("Intervals are Wilson's over all questions of all seeds together; they do not count the spread between seeds, which "
                + "stands beside them. Latent steps are not tokens: nothing is written for them.")
            .Paragraph(
                $"Latency says nothing at this size. The model is {DemoSettings.Model.HiddenSize} wide, so that a pass costs hardly more "
                + $"than calling it, and a latent step as much as a written token; {Steps()}. Latent steps save time where the chain "
                + "is many times longer than they are.");
    }

    /// <summary>Latent steps beside the tokens that they stand for.</summary>
    private string Steps() => report.WorkedExamples.Count > 0 && lengths.Length > 0
        ? $"here there are {report.WorkedExamples[0].Latents.Count} latent steps for chains of "
            + $"{ChainedArithmetic.TokensPerStep * Length(lengths[0])} to "
            + $"{ChainedArithmetic.TokensPerStep * Length(lengths[^1])} tokens"
        : "here there are about as many of them as tokens in the chain";

    private void Explained(HtmlPage page)
    {
        var known = methods.Select(rows => (rows.Key, Text: DemoStudents.Explain(rows.Key))).Where(one => one.Text is not null).ToArray();
        if (known.Length > 0)
        {
            page.Section("What is compared")
                .Paragraph("All students begin as copies of the teacher and see the same rows in the same order.")
                .Table(["method", "what it does"], known.Select(one => (string[])[one.Key, one.Text!]),
                    new HashSet<int> { Array.FindIndex(known, one => one.Key == DemoStudents.LoRi) });
        }
    }

    private ChartSeries Line(IGrouping<string, DemoRow> rows, bool isOwn) =>
        new(rows.Key, [.. lengths.Select(Length)], [.. lengths.Select(length => Pooled(rows, length).Share)],
            rows.Key == DemoStudents.LoRi ? 0 : ChartInk.Count - 1)
        {
            Weight = isOwn ? LineWeight.Strong : LineWeight.Context,
        };

    private static OverviewCard Card(WorkedExample example) => new(example.Question,
        [("right answer", example.Gold), ("teacher writes", example.Teacher), ("student writes", example.Student)])
    {
        Strip = new LatentStrip(
            "teacher's chain", [.. example.Teacher.Split(' ').TakeWhile(token => token != End)], End, Levels(example)),
    };

    /// <summary>The likeliest tokens by level; files of older versions, and damaged ones, have the last level's first token.</summary>
    private static IReadOnlyList<IReadOnlyList<IReadOnlyList<LatentToken>>> Levels(WorkedExample example) =>
        example.Levels is { Count: > 0 } levels && levels.All(step => step.Count == levels[0].Count && step.All(level => level.Count > 0))
            && levels[0].Count > 0
            ? levels
            : [.. example.Latents.Select(token => (LatentToken[][])[[new LatentToken(token, double.NaN)]])];

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
        return new OverviewBar(rows.Key, (double)correct / examples, interval.Low, interval.High)
        {
            Tokens = rows.Average(row => (double)row.TokensGenerated / row.Examples),
            IsHero = rows.Key == DemoStudents.LoRi,
        };
    }

    private static string[] Method(IGrouping<string, DemoRow> rows)
    {
        var bar = Bar(rows);
        return
        [
            rows.Key, $"{100 * bar.Share:F1}", $"{100 * bar.Low:F1} to {100 * bar.High:F1}",
            string.Join(" / ", rows.Select(row => $"{100 * row.Accuracy:F1}")), $"{rows.First().Steps}",
            $"{rows.Average(row => row.Seconds):F0}", $"{bar.Tokens:F1}", $"{rows.Average(row => row.LatencyMilliseconds):F1}",
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
        if (report.WorkedExamples is not [var first, ..])
        {
            return;
        }

        page.Section("Latent steps under the teacher's chain").Paragraph(
            $"Questions of the first seed, as the teacher writes them out, and as the student of {first.Method ?? DemoStudents.LoRi} "
            + "answers after its latent steps. Each latent step is shown as the likeliest token of its final state, under the token that "
                + "the teacher writes next at its "
            + "place. The steps are not trained to be read.").StripKey();
        foreach (var example in report.WorkedExamples)
        {
            page.Card(Card(example));
        }
    }
}
