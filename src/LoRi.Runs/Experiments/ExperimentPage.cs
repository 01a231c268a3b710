using System.Globalization;
using LoRi.Runs.Reports;

namespace LoRi.Runs.Experiments;

/// <summary>The page about an experiment: pictures first, tables below.</summary>
internal sealed class ExperimentPage(ExperimentTable table)
{
    private const string Rank = "rank";

    /// <summary>The page.</summary>
    public string Html()
    {
        var page = new HtmlPage("lori experiment", Heading());
        page.Paragraph(table.Title).Paragraph(table.Provenance);
        foreach (var group in table.Rows.Where(row => row.Budget.Length > 0).GroupBy(row => (row.Block, row.Task, row.Model, row.Budget)))
        {
            ResultRow[] rows = [.. group];
            page.Section($"{group.Key.Block}: {group.Key.Task}, {group.Key.Model}, {group.Key.Budget}");
            page.Charts([.. Charts(rows)]);
        }

        foreach (var one in table.Tables())
        {
            page.Section(one.Heading).Table(one.Headers, one.Rows);
        }

        return page.ToString();
    }

    private string Heading() => table.Claims.Count == 0 ? "What the cells found"
        : string.Join("; ", table.Claims.Select(claim => $"{claim.Claim.Id} {ExperimentTable.Word(claim.Verdict)}"));

    /// <summary>
    /// Accuracy by stratum and against time where nothing is varied; accuracy by each varied number, a line a method, with methods that do
    /// not have it as level lines.
    /// </summary>
    private static IEnumerable<Chart> Charts(ResultRow[] rows)
    {
        var plain = rows.Where(row => Numbers(row).Count == 0).ToArray();
        if (plain.Length > 0 && plain[0].Strata.Count > 1)
        {
            yield return new Chart("Right answers by length", "length of the chain", "right answers (%)",
                [.. plain.Select((row, index) => new ChartSeries(
                    row.Label, [.. row.Strata.Select(Position)], [.. row.Strata.Select(stratum => 100 * row.Of(stratum)!.Value)], index,
                    index / ChartInk.Count))])
            { FromZero = true };
        }

        if (plain.Length > 1)
        {
            yield return new Chart("Right answers against training time", "seconds of training", "right answers (%)",
                [.. plain.Select((row, index) => new ChartSeries(
                    row.Label, [row.Results.Average(result => result.TrainingSeconds)], [100 * row.Accuracy], index,
                    index / ChartInk.Count))])
            { FromZero = true };
        }

        foreach (var setting in rows.SelectMany(row => Numbers(row).Keys).Distinct())
        {
            yield return Varied(setting, [.. rows.Where(row => Numbers(row).ContainsKey(setting))], plain);
        }
    }

    private static Chart Varied(string setting, ResultRow[] rows, ResultRow[] plain)
    {
        double[] all = [.. rows.Select(row => Numbers(row)[setting]).Distinct().Order()];
        var lines = rows.GroupBy(row => row.Method).Select((method, index) => new ChartSeries(
            method.Key, [.. method.GroupBy(row => Numbers(row)[setting]).Select(one => one.Key).Order()],
            [.. method.GroupBy(row => Numbers(row)[setting]).OrderBy(one => one.Key).Select(one => 100 * one.Average(row => row.Accuracy))],
            index));
        var levels = plain.Select((row, index) => new ChartSeries(
            row.Label, [all[0], all[^1]], [100 * row.Accuracy, 100 * row.Accuracy], rows.Length + index, 1 + (index % 3)));
        var name = setting.Replace('_', ' ');
        return new Chart($"Right answers by {name}{(setting.Contains(Rank, StringComparison.Ordinal) ? ", beside random directions" : "")}",
            name, "right answers (%)", [.. lines, .. levels])
        { FromZero = true };
    }

    /// <summary>What is varied, where it is a number.</summary>
    private static Dictionary<string, double> Numbers(ResultRow row) => row.Variant.Split(',')
        .Select(one => one.Split('='))
        .Where(parts => parts.Length == 2 && double.TryParse(parts[1], NumberStyles.Float, CultureInfo.InvariantCulture, out _))
        .ToDictionary(parts => parts[0], parts => double.Parse(parts[1], CultureInfo.InvariantCulture));

    private static double Position(string stratum) =>
        double.TryParse(stratum, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : 0;
}
