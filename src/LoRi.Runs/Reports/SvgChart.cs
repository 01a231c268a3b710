using System.Net;
using System.Text;

namespace LoRi.Runs.Reports;

/// <summary>Draws a chart as SVG: inside a page, coloured by the page's style, or as a picture by itself.</summary>
internal static class SvgChart
{
    /// <summary>Units of a chart's width.</summary>
    public const int Width = 560;

    private const int Height = 300;
    private const int Left = 74;
    private const int Right = 14;
    private const int Top = 10;
    private const int Bottom = 44;

    private static readonly string[] Patterns = ["", " stroke-dasharray='7 4'", " stroke-dasharray='2 3'", " stroke-dasharray='9 3 2 3'"];

    /// <summary>The chart with its heading and legend, for a page.</summary>
    public static string Draw(Chart chart) =>
        new StringBuilder("<figure class='chart'><figcaption>").Append(Escape(chart.Title)).Append("</figcaption>")
        .Append(Invariant($"<svg viewBox='0 0 {Width} {Height}' role='img' aria-label='{Escape(chart.Title)}'>"))
        .Append(Plot(chart, ChartInk.Page)).Append("</svg>").Append(Legend(chart)).Append("</figure>\n").ToString();

    /// <summary>The chart with its heading and legend as marks of a picture, <see cref="Width"/> wide, and their height.</summary>
    public static (string Marks, double Height) Alone(Chart chart)
    {
        const int Heading = 28;
        var text = new StringBuilder(SvgText.Line(
            SvgText.Cut(chart.Title, Width - Left - Right, 15, bold: true), Left, 18, 15, $"fill='{ChartInk.Dark}' font-weight='bold'"));
        text.Append(Invariant($"<g transform='translate(0 {Heading})'>{Plot(chart, ChartInk.Alone)}</g>\n"));
        var height = Keys(text, chart, Heading + Height);
        return (text.ToString(), height);
    }

    private static string Plot(Chart chart, ChartInk ink)
    {
        var (x, y) = (chart.Horizontal(), chart.Vertical());
        var text = new StringBuilder();
        Grid(text, ink, x, y);
        Labels(text, ink, chart);
        foreach (var series in chart.Series)
        {
            Line(text, ink, series, chart.Logarithmic, x, y);
        }

        return text.ToString();
    }

    /// <summary>The legend below <paramref name="top"/>, as many rows as its names need; where it ends.</summary>
    private static double Keys(StringBuilder text, Chart chart, double top)
    {
        const int Row = 20;
        const int Sample = 26;
        const double Size = 12.5;
        if (!chart.HasLegend)
        {
            return top;
        }

        double left = Left;
        foreach (var series in chart.Series)
        {
            var name = SvgText.Cut(series.Name, Width - Left - Right - Sample - 6, Size);
            var wide = Sample + 6 + SvgText.Width(name, Size);
            (left, top) = left > Left && left + wide > Width - Right ? (Left, top + Row) : (left, top);
            var line = Invariant($"<polyline points='{left:F1},{top + 10:F1} {left + Sample:F1},{top + 10:F1}'{Pattern(series)}/>");
            text.Append($"<g {ChartInk.Alone.Series(series.Colour)}>{line}</g>");
            text.Append(SvgText.Line(name, left + Sample + 6, top + 14, Size, $"fill='{ChartInk.Dark}'"));
            left += wide + 16;
        }

        return top + Row + 4;
    }

    private static double Across(ChartAxis axis, double value) => Left + (axis.Position(value) * (Width - Left - Right));

    private static double Down(ChartAxis axis, double value) => Height - Bottom - (axis.Position(value) * (Height - Top - Bottom));

    private static void Grid(StringBuilder text, ChartInk ink, ChartAxis x, ChartAxis y)
    {
        foreach (var tick in y.Ticks)
        {
            var at = Down(y, tick);
            text.Append(Invariant($"<line {ink.Grid} x1='{Left}' x2='{Width - Right}' y1='{at:F1}' y2='{at:F1}'/>"));
            text.Append(Invariant($"<text {ink.Tick} text-anchor='end' x='{Left - 6}' y='{at + 4:F1}'>{ChartAxis.Text(tick)}</text>"));
        }

        foreach (var tick in x.Ticks)
        {
            var at = Across(x, tick);
            text.Append(Invariant($"<line {ink.Grid} x1='{at:F1}' x2='{at:F1}' y1='{Top}' y2='{Height - Bottom}'/>"));
            text.Append(
                Invariant($"<text {ink.Tick} text-anchor='middle' x='{at:F1}' y='{Height - Bottom + 16}'>{ChartAxis.Text(tick)}</text>"));
        }

        text.Append(Invariant($"<path {ink.Axis} d='M{Left} {Top}V{Height - Bottom}H{Width - Right}'/>"));
    }

    private static void Labels(StringBuilder text, ChartInk ink, Chart chart)
    {
        const int Middle = (Left + Width - Right) / 2;
        const int Centre = (Top + Height - Bottom) / 2;
        text.Append(Invariant($"<text {ink.Label} text-anchor='middle' x='{Middle}' y='{Height - 8}'>{Escape(chart.XLabel)}</text>"));
        text.Append(Invariant($"<text {ink.Label} text-anchor='middle' transform='translate(14 {Centre}) rotate(-90)'>"));
        text.Append(Escape(chart.YLabel)).Append("</text>");
    }

    private static void Line(StringBuilder text, ChartInk ink, ChartSeries series, bool logarithmic, ChartAxis x, ChartAxis y)
    {
        var points = series.Points(logarithmic).Select(p => (X: Across(x, p.X), Y: Down(y, p.Y))).ToArray();
        var path = string.Join(' ', points.Select(p => Invariant($"{p.X:F1},{p.Y:F1}")));
        text.Append(Invariant($"<g {ink.Series(series.Colour)}><title>{Escape(series.Name)}</title>"));
        text.Append(Invariant($"<polyline points='{path}'{Pattern(series)}/>"));
        if (points.Length <= 24)
        {
            foreach (var point in points)
            {
                text.Append(Invariant($"<circle cx='{point.X:F1}' cy='{point.Y:F1}' r='2.6'{ink.Dot(series.Colour)}/>"));
            }
        }

        text.Append("</g>");
    }

    private static string Legend(Chart chart)
    {
        if (!chart.HasLegend)
        {
            return "";
        }

        var entries = chart.Series.Select(series => $"<span class='key'><svg {ChartInk.Page.Series(series.Colour)} viewBox='0 0 26 8'>"
            + $"<polyline points='1,4 25,4'{Pattern(series)}/></svg>{Escape(series.Name)}</span>");
        return $"<div class='legend'>{string.Concat(entries)}</div>";
    }

    private static string Pattern(ChartSeries series) => Patterns[series.Dashes % Patterns.Length];

    private static string Escape(string text) => WebUtility.HtmlEncode(HtmlPage.Printable(text));

    private static string Invariant(FormattableString text) => SvgText.Invariant(text);
}
