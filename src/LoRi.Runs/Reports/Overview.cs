namespace LoRi.Runs.Reports;

/// <summary>A table of a page.</summary>
/// <param name="Heading">What it shows.</param>
/// <param name="Headers">One text for each column.</param>
/// <param name="Rows">Rows of as many cells.</param>
internal sealed record OverviewTable(string Heading, IReadOnlyList<string> Headers, IReadOnlyList<IReadOnlyList<string>> Rows);

/// <summary>Names and values with a heading: one question of a page.</summary>
/// <param name="Heading">What it is about.</param>
/// <param name="Fields">The names and values.</param>
internal sealed record OverviewCard(string Heading, IReadOnlyList<(string Name, string Value)> Fields);

/// <summary>What a page shows at a glance, for one picture of it.</summary>
/// <param name="Title">The page's title.</param>
/// <param name="Tables">Accuracies; those without rows are left out.</param>
/// <param name="Charts">All charts; those without a point are left out.</param>
/// <param name="Cards">Questions with their latent steps decoded.</param>
internal sealed record Overview(string Title, IReadOnlyList<OverviewTable> Tables, IReadOnlyList<Chart> Charts, IReadOnlyList<OverviewCard> Cards)
{
    /// <summary>Whether there is anything below the title.</summary>
    public bool HasContent => Tables.Any(table => table.Rows.Count > 0) || Charts.Any(chart => chart.HasPoints) || Cards.Count > 0;
}
