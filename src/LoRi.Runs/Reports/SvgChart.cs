using System.Net;
using System.Text;

namespace LoRi.Runs.Reports;

/// <summary>Draws a chart as SVG: inside a page, coloured by the page's style, or as a picture by itself.</summary>
internal static class SvgChart
{
    private static readonly ChartFrame Usual = new(560, 300, 74, 14, 10, 44);
    private static readonly ChartFrame Small = new(280, 172, 40, 10, 8, 40);

    private static readonly string[] Patterns = ["", " stroke-dasharray='7 4'", " stroke-dasharray='2 3'", " stroke-dasharray='9 3 2 3'"];

    /// <summary>The chart with its heading and legend, for a page.</summary>
    public static string Draw(Chart chart) =>
        new StringBuilder($"<figure class='chart{(chart.Size == ChartSize.Main ? " main" : "")}'><figcaption>").Append(Escape(chart.Title))
        .Append("</figcaption>")
        .Append(Invariant($"<svg viewBox='0 0 {Frame(chart).Width} {Frame(chart).Height}' role='img' aria-label='{Escape(chart.Title)}'>"))
        .Append(Plot(chart, ChartInk.Page)).Append("</svg>").Append(Legend(chart)).Append("</figure>\n").ToString();

    /// <summary>Units of a chart's width.</summary>
    public static int Width(Chart chart) => Frame(chart).Width;

    /// <summary>The chart with its heading and legend as marks of a picture, as wide as it is, and their height.</summary>
    public static (string Marks, double Height) Alone(Chart chart)
    {
        const int Heading = 28;
        var frame = Frame(chart);
        var text = new StringBuilder(SvgText.Line(
            SvgText.Cut(chart.Title, frame.Across, 15, bold: true), frame.Left, 18, 15, $"fill='{ChartInk.Dark}' font-weight='bold'"));
        text.Append(Invariant($"<g transform='translate(0 {Heading})'>{Plot(chart, ChartInk.Alone)}</g>\n"));
        var height = Keys(text, chart, Heading + frame.Height);
        return (text.ToString(), height);
    }

    private static ChartFrame Frame(Chart chart) => chart.Size == ChartSize.Small ? Small : Usual;

    private static string Plot(Chart chart, ChartInk ink)
    {
        var place = new ChartPlace(Frame(chart), chart.Horizontal(), chart.Vertical());
        var text = new StringBuilder();
        Grid(text, ink, place);
        Labels(text, ink, chart);
        foreach (var series in chart.Series.OrderBy(series => series.Weight switch
        {
            LineWeight.Context => 0,
            LineWeight.Usual => 1,
            _ => 2,
        }))
        {
            Line(text, ink, series, chart.Logarithmic, place);
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

        var frame = Frame(chart);
        double left = frame.Left;
        foreach (var series in Named(chart))
        {
            var name = SvgText.Cut(series.Name, frame.Across - Sample - 6, Size);
            var wide = Sample + 6 + SvgText.Width(name, Size);
            (left, top) = left > frame.Left && left + wide > frame.Width - frame.Right ? (frame.Left, top + Row) : (left, top);
            var line = Invariant($"<polyline points='{left:F1},{top + 10:F1} {left + Sample:F1},{top + 10:F1}'{Pattern(series)}/>");
            text.Append($"<g {ChartInk.Alone.Series(series)}>{line}</g>");
            text.Append(SvgText.Line(name, left + Sample + 6, top + 14, Size, $"fill='{ChartInk.Dark}'"));
            left += wide + 16;
        }

        return top + Row + 4;
    }

    /// <summary>The lines that have a name in the legend.</summary>
    private static IEnumerable<ChartSeries> Named(Chart chart) => chart.Series.Where(series => series.Weight != LineWeight.Context);

    private static void Grid(StringBuilder text, ChartInk ink, ChartPlace place)
    {
        var frame = place.Frame;
        var (right, bottom) = (frame.Width - frame.Right, frame.Height - frame.Bottom);
        foreach (var tick in place.Y.Ticks)
        {
            var at = place.Down(tick);
            text.Append(Invariant($"<line {ink.Grid} x1='{frame.Left}' x2='{right}' y1='{at:F1}' y2='{at:F1}'/>"));
            text.Append(
                Invariant($"<text {ink.Tick} text-anchor='end' x='{frame.Left - 6}' y='{at + 4:F1}'>{ChartAxis.Text(tick)}</text>"));
        }

        foreach (var tick in place.X.Ticks)
        {
            var at = place.Across(tick);
            text.Append(Invariant($"<line {ink.Grid} x1='{at:F1}' x2='{at:F1}' y1='{frame.Top}' y2='{bottom}'/>"));
            text.Append(Invariant($"<text {ink.Tick} text-anchor='middle' x='{at:F1}' y='{bottom + 16}'>{ChartAxis.Text(tick)}</text>"));
        }

        text.Append(Invariant($"<path {ink.Axis} d='M{frame.Left} {frame.Top}V{bottom}H{right}'/>"));
    }

    private static void Labels(StringBuilder text, ChartInk ink, Chart chart)
    {
        var frame = Frame(chart);
        var middle = (frame.Left + frame.Width - frame.Right) / 2;
        var centre = (frame.Top + frame.Height - frame.Bottom) / 2;
        text.Append(
            Invariant($"<text {ink.Label} text-anchor='middle' x='{middle}' y='{frame.Height - 8}'>{Escape(chart.XLabel)}</text>"));
        if (chart.Size != ChartSize.Small)
        {
            text.Append(Invariant($"<text {ink.Label} text-anchor='middle' transform='translate(14 {centre}) rotate(-90)'>"));
            text.Append(Escape(chart.YLabel)).Append("</text>");
        }
    }

    private static void Line(StringBuilder text, ChartInk ink, ChartSeries series, bool logarithmic, ChartPlace place)
    {
        var points = series.Points(logarithmic).Select(p => (X: place.Across(p.X), Y: place.Down(p.Y))).ToArray();
        var path = string.Join(' ', points.Select(p => Invariant($"{p.X:F1},{p.Y:F1}")));
        text.Append(Invariant($"<g {ink.Series(series)}><title>{Escape(series.Name)}</title>"));
        text.Append(Invariant($"<polyline points='{path}'{Pattern(series)}/>"));
        if (series.IsPoint && points.Length == 1)
        {
            text.Append(Point(series, points[0].X, points[0].Y, series.Weight == LineWeight.Strong ? 5 : 3.8, ink));
        }
        else if (points.Length <= 24 && series.Weight != LineWeight.Context)
        {
            foreach (var point in points)
            {
                text.Append(Invariant($"<circle cx='{point.X:F1}' cy='{point.Y:F1}' r='2.6'{ink.Dot(series)}/>"));
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

        var entries = Named(chart).Select(series => $"<span class='key'><svg {ChartInk.Page.Series(series)} viewBox='0 0 26 8'>"
            + $"{(series.IsPoint ? Point(series, 13, 4, 3.5, ChartInk.Page) : $"<polyline points='1,4 25,4'{Pattern(series)}/>")}</svg>"
            + $"{Escape(series.Name)}</span>");
        return $"<div class='legend'>{string.Concat(entries)}</div>";
    }

    /// <summary>A mark by itself: where lines have another pattern it has another shape.</summary>
    private static string Point(ChartSeries series, double x, double y, double size, ChartInk ink)
    {
        var shape = (series.Dashes % Patterns.Length) switch
        {
            0 => Invariant($"circle cx='{x:F1}' cy='{y:F1}' r='{size}'"),
            1 => Invariant($"path d='M{x - size:F1} {y - size:F1}h{2 * size}v{2 * size}h-{2 * size}z'"),
            2 => Invariant($"path d='M{x - size:F1} {y + size:F1}h{2 * size}L{x:F1} {y - size:F1}z'"),
            _ => Invariant($"path d='M{x - size:F1} {y:F1}L{x:F1} {y - size:F1}L{x + size:F1} {y:F1}L{x:F1} {y + size:F1}z'"),
        };
        return $"<{shape}{ink.Dot(series)}/>";
    }

    private static string Pattern(ChartSeries series) => Patterns[series.Dashes % Patterns.Length];

    private static string Escape(string text) => WebUtility.HtmlEncode(HtmlPage.Printable(text));

    private static string Invariant(FormattableString text) => SvgText.Invariant(text);
}
