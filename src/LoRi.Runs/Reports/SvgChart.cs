using System.Globalization;
using System.Net;
using System.Text;

namespace LoRi.Runs.Reports;

/// <summary>Draws a chart as SVG that stands inside a page, coloured by the page's style, so that it reads in light and dark.</summary>
internal static class SvgChart
{
    private const int Width = 560;
    private const int Height = 300;
    private const int Left = 74;
    private const int Right = 14;
    private const int Top = 10;
    private const int Bottom = 44;

    /// <summary>The colours that the page's style has.</summary>
    public const int Colours = 8;

    private static readonly string[] Patterns = ["", " stroke-dasharray='7 4'", " stroke-dasharray='2 3'", " stroke-dasharray='9 3 2 3'"];

    /// <summary>The chart with its heading and legend.</summary>
    public static string Draw(Chart chart)
    {
        var (x, y) = (chart.Horizontal(), chart.Vertical());
        var text = new StringBuilder("<figure class='chart'><figcaption>").Append(Escape(chart.Title)).Append("</figcaption>");
        text.Append(Invariant($"<svg viewBox='0 0 {Width} {Height}' role='img' aria-label='{Escape(chart.Title)}'>"));
        Grid(text, x, y);
        Labels(text, chart);
        foreach (var series in chart.Series)
        {
            Line(text, series, chart.Logarithmic, x, y);
        }

        return text.Append("</svg>").Append(Legend(chart)).Append("</figure>\n").ToString();
    }

    private static double Across(ChartAxis axis, double value) => Left + (axis.Position(value) * (Width - Left - Right));

    private static double Down(ChartAxis axis, double value) => Height - Bottom - (axis.Position(value) * (Height - Top - Bottom));

    private static void Grid(StringBuilder text, ChartAxis x, ChartAxis y)
    {
        foreach (var tick in y.Ticks)
        {
            var at = Down(y, tick);
            text.Append(Invariant($"<line class='grid' x1='{Left}' x2='{Width - Right}' y1='{at:F1}' y2='{at:F1}'/>"));
            text.Append(Invariant($"<text class='tick' text-anchor='end' x='{Left - 6}' y='{at + 4:F1}'>{ChartAxis.Text(tick)}</text>"));
        }

        foreach (var tick in x.Ticks)
        {
            var at = Across(x, tick);
            text.Append(Invariant($"<line class='grid' x1='{at:F1}' x2='{at:F1}' y1='{Top}' y2='{Height - Bottom}'/>"));
            text.Append(Invariant($"<text class='tick' text-anchor='middle' x='{at:F1}' y='{Height - Bottom + 16}'>{ChartAxis.Text(tick)}</text>"));
        }

        text.Append(Invariant($"<path class='axis' d='M{Left} {Top}V{Height - Bottom}H{Width - Right}'/>"));
    }

    private static void Labels(StringBuilder text, Chart chart)
    {
        const int Middle = (Left + Width - Right) / 2;
        const int Centre = (Top + Height - Bottom) / 2;
        text.Append(Invariant($"<text class='label' text-anchor='middle' x='{Middle}' y='{Height - 8}'>{Escape(chart.XLabel)}</text>"));
        text.Append(Invariant($"<text class='label' text-anchor='middle' transform='translate(14 {Centre}) rotate(-90)'>{Escape(chart.YLabel)}</text>"));
    }

    private static void Line(StringBuilder text, ChartSeries series, bool logarithmic, ChartAxis x, ChartAxis y)
    {
        var points = series.Points(logarithmic).Select(p => (X: Across(x, p.X), Y: Down(y, p.Y))).ToArray();
        var path = string.Join(' ', points.Select(p => Invariant($"{p.X:F1},{p.Y:F1}")));
        text.Append(Invariant($"<g class='c{series.Colour % Colours}'><title>{Escape(series.Name)}</title>"));
        text.Append(Invariant($"<polyline points='{path}'{Patterns[series.Dashes % Patterns.Length]}/>"));
        if (points.Length <= 24)
        {
            foreach (var point in points)
            {
                text.Append(Invariant($"<circle cx='{point.X:F1}' cy='{point.Y:F1}' r='2.6'/>"));
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

        var entries = chart.Series.Select(series => Invariant(
            $"<span class='key'><svg class='c{series.Colour % Colours}' viewBox='0 0 26 8'><polyline points='1,4 25,4'{Patterns[series.Dashes % Patterns.Length]}/></svg>{Escape(series.Name)}</span>"));
        return $"<div class='legend'>{string.Concat(entries)}</div>";
    }

    private static string Escape(string text) => WebUtility.HtmlEncode(HtmlPage.Printable(text));

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
