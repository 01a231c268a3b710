using System.Globalization;
using LoRi.Runs.Evaluate;

namespace LoRi.Runs.Reports;

/// <summary>What was measured of some runs, as the parts of a page.</summary>
/// <param name="all">The measurements.</param>
internal sealed class EvaluationTables(EvaluatedRun[] all)
{
    private readonly EvaluatedRun? hero = EvaluatedRun.Hero(all);

    /// <summary>Rows of the tables that the page is about.</summary>
    public IReadOnlySet<int> Marked => all.Length < 2 ? new HashSet<int>() : new HashSet<int> { Array.IndexOf(all, hero) };

    /// <summary>What was found, in words; null where nothing was measured.</summary>
    public string? Headline()
    {
        var chain = all.FirstOrDefault(run => run.WritesChain && run != hero && run.Evaluation.Dataset == hero?.Evaluation.Dataset);
        return hero is null ? null : Reports.Headline.Of(hero.Bar(hero.FullName, true), chain?.Bar(chain.Name, false));
    }

    /// <summary>The name of the run that the page is about; null where nothing was measured.</summary>
    public string? HeroName => hero?.Name;

    /// <summary>Accuracies, named by their run, and by their data where these differ.</summary>
    public OverviewBar[] Bars()
    {
        var differ = all.Select(run => run.Evaluation.Dataset).Distinct().Count() > 1;
        return [.. all.Select(run => run.Bar(differ ? $"{run.Name}, {run.Evaluation.Dataset}" : run.Name, run == hero && all.Length > 1))];
    }

    /// <summary>How many answers are right.</summary>
    public OverviewTable Accuracies()
    {
        var unreadable = all.Any(run => run.Evaluation.BothUnreadable > 0);
        var unfinished = all.Any(run => run.Evaluation.CutOff > 0 || run.Evaluation.Empty > 0);
        return new OverviewTable(
            "Accuracy",
            ["run", "data", "questions", "right", "accuracy %", "95 % interval", "strict %",
                .. unfinished ? ["cut off", "empty"] : Array.Empty<string>(), .. unreadable
                    ? ["neither a number (read strict %)"]
                    : Array.Empty<string>()],
            [.. all.Select(run => (string[])
            [
                run.Name, run.Evaluation.Dataset, $"{run.Evaluation.Examples}", $"{run.Evaluation.Correct}",
                Percent(run.Evaluation.Accuracy),
                $"{Percent(run.Evaluation.Low)} to {Percent(run.Evaluation.High)}", Percent(run.Evaluation.Strict),
                .. unfinished ? [Number(run.Evaluation.CutOff, "0"), Number(run.Evaluation.Empty, "0")] : Array.Empty<string>(),
                .. unreadable ? [Number(run.Evaluation.BothUnreadable, "0")] : Array.Empty<string>(),
            ])]);
    }

    /// <summary>What the answers cost.</summary>
    public OverviewTable Costs() => new(
        "Cost of the answers",
        ["run", "data", "tokens written", "tokens a question", "seconds a question", "ms a batch: mean (median, 90 %)",
            "ms of a question alone: mean (median, 90 %)", "peak memory MiB"],
        [.. all.Select(run => (string[])
        [
            run.Name, run.Evaluation.Dataset, Number(run.Evaluation.TokensGenerated, "#,0"), Number(run.Tokens, "F1"),
            Number(run.Evaluation.Seconds / run.Evaluation.Examples, "F3"), Times(run.Evaluation.Batch), Times(run.Evaluation.Single),
            Number(run.Evaluation.PeakMemoryBytes / (1 << 20), "#,0"),
        ])]);

    private static string Times(LatencySummary? times) =>
        times is null ? "-" : $"{Number(times.Mean, "F1")} ({Number(times.P50, "F1")}, {Number(times.P90, "F1")})";

    private static string Percent(double? share) => Number(100 * share, "F1");

    private static string Number(double? value, string format) =>
        value is { } number && double.IsFinite(number) ? number.ToString(format, CultureInfo.InvariantCulture) : "-";
}
