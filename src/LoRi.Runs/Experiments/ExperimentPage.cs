using LoRi.Runs.Reports;

namespace LoRi.Runs.Experiments;

/// <summary>The page about an experiment: pictures first, tables below.</summary>
internal sealed class ExperimentPage(ExperimentTable table)
{
    /// <summary>The page.</summary>
    public string Html()
    {
        var page = new HtmlPage("lori experiment", Heading());
        page.Paragraph(table.Title).Paragraph(table.Provenance);
        foreach (var group in table.Rows.Where(row => row.Budget.Length > 0).GroupBy(row => (row.Block, row.Task, row.Model, row.Budget)))
        {
            var (block, task, model, budget) = group.Key;
            var teachers = table.Rows.Where(row => row.Budget.Length == 0 && (row.Block, row.Task, row.Model) == (block, task, model));
            page.Section($"{block}: {task}, {model}, {budget}");
            page.Charts([.. new ExperimentCharts(table.Matrix, [.. group], [.. teachers]).All()]);
        }

        foreach (var one in table.Tables())
        {
            page.Section(one.Heading).Table(one.Headers, one.Rows);
        }

        return page.ToString();
    }

    private string Heading() => table.Claims.Count == 0 ? "What the cells found"
        : string.Join("; ", table.Claims.Select(claim => $"{claim.Claim.Id} {ExperimentTable.Word(claim.Verdict)}"));
}
