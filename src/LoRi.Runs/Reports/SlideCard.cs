using System.Text;

namespace LoRi.Runs.Reports;

/// <summary>
/// A page in one picture of 1200 x 630, for slides and messages: what was found, accuracies against what was written for them (or the
/// first charts where nothing was measured), and one question with its latent steps.
/// </summary>
internal static class SlideCard
{
    /// <summary>The ending of a picture's name.</summary>
    public const string Extension = ".svg";

    private const int Width = 1200;
    private const int Height = 630;
    private const int Margin = 48;
    private const int Wide = Width - (2 * Margin);
    private const int Gap = 32;
    private const int Bottom = 28;
    private const int TitleSize = 28;
    private const int MostPanels = 2;
    private const int MostFields = 6;
    private const string Strong = $"fill='{ChartInk.Dark}' font-weight='bold'";

    /// <summary>The picture.</summary>
    public static string Draw(Overview overview)
    {
        var text = new StringBuilder();
        var top = Title(text, overview.Title);
        var below = (double)(Height - Bottom);
        if (overview.Cards.Count > 0)
        {
            below -= Question(text, overview.Cards[0], below) + 16;
        }

        if (overview.Bars.Count > 0)
        {
            Place(text, Margin, top, SlideBars.Draw(overview.Bars, Wide, below - top));
        }
        else
        {
            var charts = overview.Charts.Where(chart => chart.HasPoints).Take(MostPanels).ToArray();
            var wide = (double)(Wide - (Gap * (charts.Length - 1))) / System.Math.Max(1, charts.Length);
            for (var index = 0; index < charts.Length; index++)
            {
                Place(text, Margin + (index * (wide + Gap)), top, Scaled(charts[index], wide, below - top));
            }
        }

        return SvgText.Document(Width, Height, overview.Title, text.ToString());
    }

    private static void Place(StringBuilder text, double left, double top, string marks) =>
        text.Append(SvgText.Invariant($"<g transform='translate({left:F1} {top:F1})'>\n{marks}</g>\n"));

    /// <summary>The title in one line or two; where what is below begins.</summary>
    private static double Title(StringBuilder text, string title)
    {
        const int Line = 36;
        var first = SvgText.Fitting(title, Wide, TitleSize, bold: true);
        var rest = SvgText.Cut(title[first.Length..], Wide, TitleSize, bold: true);
        string Cut(string text) => SvgText.Cut(text, Wide, TitleSize, bold: true);
        var lines = rest.Length == 0 || first.Length == 0 ? [Cut(title)] : (string[])[Cut(first), rest];
        for (var index = 0; index < lines.Length; index++)
        {
            text.Append(SvgText.Line(lines[index], Margin, 62 + (index * Line), TitleSize, Strong));
        }

        var rule = 44 + (lines.Length * Line);
        text.Append($"<path d='M{Margin} {rule}H{Width - Margin}' stroke='{ChartInk.Rule}' stroke-width='2'/>\n");
        return rule + 20;
    }

    /// <summary>A chart as large as fits.</summary>
    private static string Scaled(Chart chart, double width, double height)
    {
        var (marks, high) = SvgChart.Alone(chart);
        var scale = System.Math.Min(width / SvgChart.Width(chart), height / high);
        return SvgText.Invariant($"<g transform='scale({scale:F4})'>\n{marks}</g>\n");
    }

    /// <summary>One question with what was written and decoded, above <paramref name="below"/>; its height.</summary>
    private static double Question(StringBuilder text, OverviewCard card, double below)
    {
        const int Padding = 16;
        const int Row = 23;
        const int Names = 160;
        const int Inner = Wide - (2 * Padding);
        const int Left = Margin + Padding;
        var fields = card.Fields.Take(MostFields).ToArray();
        var strip = card.Strip is { Steps.Count: > 0 } found ? SlideStrip.Height : 0;
        double height = (2 * Padding) + (Row * (fields.Length + 1)) - 6 + strip;
        var line = below - height + Padding + 13;
        text.Append(SvgText.Invariant(
            $"<rect x='{Margin}' y='{below - height:F1}' width='{Wide}' height='{height:F1}' rx='8' fill='{ChartInk.Ground}'/>\n"));
        text.Append(SvgText.Line(SvgText.Cut(card.Heading, Inner, 15, bold: true), Left, line, 15, Strong));
        foreach (var (name, value) in fields)
        {
            line += Row;
            text.Append(SvgText.Line(SvgText.Cut(name, Names - 12, 14), Left, line, 14, $"fill='{ChartInk.Soft}'"));
            text.Append(SvgText.Line(SvgText.Cut(value, Inner - Names, 14), Left + Names, line, 14, $"fill='{ChartInk.Dark}'"));
        }

        if (strip > 0)
        {
            Place(text, Left, line + 10, SlideStrip.Draw(card.Strip!, Inner, Names));
        }

        return height;
    }
}
