using ScottPlot;
using SkiaSharp;

namespace LoRi.Runs.Reports;

/// <summary>Draws a chart into a picture.</summary>
internal static class PngChart
{
    private const double Edge = 0.015;
    private static readonly string[] Palette = ["#0068b0", "#cc5500", "#00845f", "#b0457f", "#7a6200", "#5a50c8", "#c0392b", "#4a5560"];
    private static readonly LinePattern[] Patterns = [LinePattern.Solid, LinePattern.Dashed, LinePattern.Dotted, LinePattern.DenselyDashed];

    /// <summary>One chart; drawn by itself, as drawing a chart clears what it is drawn on.</summary>
    public static SKImage Draw(Chart chart, int width, int height)
    {
        using var plot = Plot(chart);
        using var surface = SKSurface.Create(new SKImageInfo(width, height));
        plot.Render(surface.Canvas, new PixelRect(0, width, height, 0));
        return surface.Snapshot();
    }

    private static Plot Plot(Chart chart)
    {
        var plot = new Plot();
        var (x, y) = (chart.Horizontal(), chart.Vertical());
        double Shown(double value) => y.IsLogarithmic ? System.Math.Log10(value) : value;
        foreach (var series in chart.Series)
        {
            var points = series.Points(chart.Logarithmic);
            var line = plot.Add.Scatter(points.Select(p => p.X).ToArray(), points.Select(p => Shown(p.Y)).ToArray());
            line.Color = Color.FromHex(Palette[series.Colour % Palette.Length]);
            line.LinePattern = Patterns[series.Dashes % Patterns.Length];
            line.LineWidth = 1.6f;
            line.MarkerSize = points.Count <= 24 ? 5 : 0;
            line.LegendText = HtmlPage.Printable(series.Name);
        }

        plot.Title(HtmlPage.Printable(chart.Title), 16);
        plot.XLabel(chart.XLabel, 13);
        plot.YLabel(chart.YLabel, 13);
        plot.Axes.Bottom.TickGenerator = Ticks(x, value => value);
        plot.Axes.Left.TickGenerator = Ticks(y, Shown);
        var (across, up) = (Edge * (x.High - x.Low), Edge * (Shown(y.High) - Shown(y.Low)));
        plot.Axes.SetLimits(x.Low - across, x.High + across, Shown(y.Low) - up, Shown(y.High) + up);
        if (chart.HasLegend)
        {
            plot.ShowLegend(ScottPlot.Edge.Bottom);
            plot.Legend.Orientation = Orientation.Horizontal;
            plot.Legend.OutlineColor = plot.Legend.ShadowColor = Colors.Transparent;
        }
        else
        {
            plot.HideLegend();
        }

        plot.Font.Set(PngText.Family);
        return plot;
    }

    private static ScottPlot.TickGenerators.NumericManual Ticks(ChartAxis axis, Func<double, double> shown)
    {
        var ticks = new ScottPlot.TickGenerators.NumericManual();
        foreach (var tick in axis.Ticks)
        {
            ticks.AddMajor(shown(tick), ChartAxis.Text(tick));
        }

        return ticks;
    }
}
