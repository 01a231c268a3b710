using System.Text.RegularExpressions;
using LoRi.Files;
using LoRi.Files.Disk;

namespace LoRi.Runs.Reports;

/// <summary>Every chart of a page as a picture of its own, named after its title.</summary>
internal static partial class ChartFiles
{
    private const int LongestName = 60;

    /// <summary>Writes them into a folder beside the page; the folder comes back, or null where no chart has a point.</summary>
    /// <exception cref="InputException">A file cannot be written.</exception>
    public static string? Write(string page, IEnumerable<Chart> charts)
    {
        var drawn = charts.Where(chart => chart.HasPoints).ToArray();
        if (drawn.Length == 0)
        {
            return null;
        }

        var folder = Path.ChangeExtension(page, null) + "-charts";
        AtomicFile.CreateFolder(folder);
        foreach (var group in drawn.GroupBy(chart => Name(chart.Title)))
        {
            foreach (var (chart, index) in group.Select((chart, index) => (chart, index)))
            {
                var name = index == 0 ? group.Key : $"{group.Key}-{index + 1}";
                AtomicFile.WriteText(Path.Combine(folder, name + SlideCard.Extension), Draw(chart));
            }
        }

        return folder;
    }

    /// <summary>A chart as a picture that needs nothing else.</summary>
    internal static string Draw(Chart chart)
    {
        const int Margin = 16;
        var (marks, height) = SvgChart.Alone(chart);
        return SvgText.Document(
            SvgChart.Width(chart) + (2 * Margin), height + (2 * Margin), chart.Title,
            $"<g transform='translate({Margin} {Margin})'>\n{marks}</g>\n");
    }

    /// <summary>What of a title can stand in a file's name anywhere.</summary>
    private static string Name(string title)
    {
        var plain = Others().Replace(title.ToLowerInvariant(), "-").Trim('-');
        return plain.Length == 0 ? "chart" : plain[..System.Math.Min(plain.Length, LongestName)].TrimEnd('-');
    }

    [GeneratedRegex("[^a-z0-9]+")]
    private static partial Regex Others();
}
