using System.Text;

namespace LoRi.Runs.Reports;

/// <summary>A page in one picture of 1200 x 630, for slides and messages: title, accuracies, the first charts, one question.</summary>
internal static class SlideCard
{
    /// <summary>The ending of a picture's name.</summary>
    public const string Extension = ".svg";

    private const int Width = 1200;
    private const int Height = 630;
    private const int Margin = 48;
    private const int Wide = Width - (2 * Margin);
    private const int Gap = 32;
    private const int Top = 100;
    private const int Bottom = 28;
    private const int MostPanels = 2;
    private const int MostFields = 6;
    private const int MostBars = 8;
    private const string Ink = $"fill='{ChartInk.Dark}'";
    private const string Stroke = $"stroke='{ChartInk.Dark}' stroke-width='2'";
    private const string Strong = Ink + " font-weight='bold'";

    /// <summary>A part of the picture: draws itself into a width and a height from its upper left corner.</summary>
    private delegate string Panel(double width, double height);

    /// <summary>The picture.</summary>
    public static string Draw(Overview overview)
    {
        var text = new StringBuilder(SvgText.Line(SvgText.Cut(overview.Title, Wide, 28, bold: true), Margin, 62, 28, Strong));
        text.Append($"<path d='M{Margin} 80H{Width - Margin}' stroke='{ChartInk.Rule}' stroke-width='2'/>\n");
        var below = (double)(Height - Bottom);
        if (overview.Cards.Count > 0)
        {
            below -= Question(text, overview.Cards[0], below) + 16;
        }

        var panels = Panels(overview).Take(MostPanels).ToArray();
        var wide = (double)(Wide - (Gap * (panels.Length - 1))) / System.Math.Max(1, panels.Length);
        for (var index = 0; index < panels.Length; index++)
        {
            var left = Margin + (index * (wide + Gap));
            text.Append(SvgText.Invariant($"<g transform='translate({left:F1} {Top})'>\n{panels[index](wide, below - Top)}</g>\n"));
        }

        return SvgText.Document(Width, Height, overview.Title, text.ToString());
    }

    private static IEnumerable<Panel> Panels(Overview overview)
    {
        if (overview.Bars.Count > 0)
        {
            yield return (width, height) => Bars(overview.Bars, width, height);
        }

        foreach (var chart in overview.Charts.Where(chart => chart.HasPoints))
        {
            yield return (width, height) => Scaled(chart, width, height);
        }
    }

    /// <summary>A chart as large as fits.</summary>
    private static string Scaled(Chart chart, double width, double height)
    {
        var (marks, high) = SvgChart.Alone(chart);
        return SvgText.Invariant($"<g transform='scale({System.Math.Min(width / SvgChart.Width, height / high):F4})'>\n{marks}</g>\n");
    }

    /// <summary>Accuracies from 0 to 100 %, with their intervals.</summary>
    private static string Bars(IReadOnlyList<OverviewBar> bars, double width, double height)
    {
        const int Head = 36;
        var shown = bars.Count > MostBars ? MostBars - 1 : bars.Count;
        var row = System.Math.Min(48, (height - Head) / System.Math.Min(bars.Count, MostBars));
        var text = new StringBuilder(SvgText.Line("Accuracy with 95 % interval", 0, 18, 16, Strong));
        for (var index = 0; index < shown; index++)
        {
            text.Append(SvgText.Invariant(
                $"<g transform='translate(0 {Head + (index * row):F1})'>{Bar(bars[index], width, row, ChartInk.Colour(index))}</g>\n"));
        }

        var more = $"{bars.Count - shown} more are on the page.";
        return text.Append(shown < bars.Count ? SvgText.Line(more, 0, Head + ((shown + 0.5) * row) + 5, 15, $"fill='{ChartInk.Soft}'") : "")
            .ToString();
    }

    private static string Bar(OverviewBar bar, double width, double height, string colour)
    {
        const int Number = 76;
        var left = 0.4 * width;
        var scale = width - left - Number;
        string Block(double share, string fill) => SvgText.Invariant(
            $"<rect x='{left:F1}' y='{height / 4:F1}' width='{share * scale:F1}' height='{height / 2:F1}' fill='{fill}'/>");
        var interval = SvgText.Invariant(
            $"<path d='M{left + (bar.Low * scale):F1} {height / 2:F1}H{left + (bar.High * scale):F1}' {Stroke}/>\n");
        return SvgText.Line(SvgText.Cut(bar.Label, left - 12, 15), 0, (height / 2) + 5, 15, Ink)
            + Block(1, ChartInk.Ground) + Block(bar.Share, colour) + interval
            + SvgText.Line(SvgText.Invariant($"{100 * bar.Share:F1} %"), width, (height / 2) + 5, 15, Strong + " text-anchor='end'");
    }

    /// <summary>One question with what was written and decoded, above <paramref name="below"/>; its height.</summary>
    private static double Question(StringBuilder text, OverviewCard card, double below)
    {
        const int Padding = 16;
        const int Row = 23;
        const int Inner = Wide - (2 * Padding);
        const int Left = Margin + Padding;
        var fields = card.Fields.Take(MostFields).ToArray();
        double height = (2 * Padding) + (Row * (fields.Length + 1)) - 6;
        var (line, names) = (below - height + Padding + 13, 200);
        text.Append(SvgText.Invariant(
            $"<rect x='{Margin}' y='{below - height:F1}' width='{Wide}' height='{height:F1}' rx='8' fill='{ChartInk.Ground}'/>\n"));
        text.Append(SvgText.Line(SvgText.Cut(card.Heading, Inner, 15, bold: true), Left, line, 15, Strong));
        foreach (var (name, value) in fields)
        {
            line += Row;
            text.Append(SvgText.Line(SvgText.Cut(name, names - 12, 14), Left, line, 14, $"fill='{ChartInk.Soft}'"));
            text.Append(SvgText.Line(SvgText.Cut(value, Inner - names, 14), Left + names, line, 14, Ink));
        }

        return height;
    }
}
