namespace LoRi.Runs.Reports;

/// <summary>A table of a page.</summary>
/// <param name="Heading">What it shows.</param>
/// <param name="Headers">One text for each column.</param>
/// <param name="Rows">Rows of as many cells.</param>
internal sealed record OverviewTable(string Heading, IReadOnlyList<string> Headers, IReadOnlyList<IReadOnlyList<string>> Rows);

/// <summary>Names and values with a heading: one question of a page.</summary>
/// <param name="Heading">What it is about.</param>
/// <param name="Fields">The names and values.</param>
internal sealed record OverviewCard(string Heading, IReadOnlyList<(string Name, string Value)> Fields)
{
    /// <summary>The latent steps under the chain; null where there are none to show.</summary>
    public LatentStrip? Strip { get; init; }
}

/// <summary>A share of right answers, and what was written for them.</summary>
/// <param name="Label">Whose they are.</param>
/// <param name="Share">From 0 to 1.</param>
/// <param name="Low">Lower end of its 95 % interval.</param>
/// <param name="High">Upper end of its 95 % interval.</param>
internal sealed record OverviewBar(string Label, double Share, double Low, double High)
{
    /// <summary>Tokens written for a question; null where nothing is known.</summary>
    public double? Tokens { get; init; }

    /// <summary>Whether this is what the page is about.</summary>
    public bool IsHero { get; init; }
}

/// <summary>What a page shows at a glance, for a picture of it.</summary>
/// <param name="Title">What was found, in words.</param>
/// <param name="Bars">Accuracies.</param>
/// <param name="Charts">All charts, the most important first; those without a point are left out.</param>
/// <param name="Cards">Questions with their latent steps decoded.</param>
internal sealed record Overview(
    string Title, IReadOnlyList<OverviewBar> Bars, IReadOnlyList<Chart> Charts, IReadOnlyList<OverviewCard> Cards)
{
    /// <summary>Whether there is anything below the title.</summary>
    public bool HasContent => Bars.Count > 0 || Charts.Any(chart => chart.HasPoints) || Cards.Count > 0;
}
