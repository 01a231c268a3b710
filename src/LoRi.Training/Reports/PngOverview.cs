using LoRi.Training.Checkpoints;
using ScottPlot;
using SkiaSharp;

namespace LoRi.Training.Reports;

/// <summary>All charts of a page in one picture, for slides and messages.</summary>
public static class PngOverview
{
    private const int MostColumns = 2;
    private const int ChartWidth = 760;
    private const int ChartHeight = 440;
    private const int Margin = 16;
    private const double Edge = 0.015;
    private static readonly string[] Palette = ["#0068b0", "#cc5500", "#00845f", "#b0457f", "#7a6200", "#5a50c8", "#c0392b", "#4a5560"];
    private static readonly LinePattern[] Patterns = [LinePattern.Solid, LinePattern.Dashed, LinePattern.Dotted, LinePattern.DenselyDashed];

    /// <summary>Whether this machine has a font, without which a picture has no labels.</summary>
    public static bool HasFonts => SKFontManager.Default.FontFamilyCount > 0;

    /// <summary>Writes the picture; there must be a chart with a point.</summary>
    /// <exception cref="InputException">The file cannot be written.</exception>
    public static void Write(string path, IEnumerable<Chart> charts)
    {
        var drawn = charts.Where(chart => chart.HasPoints).ToArray();
        var columns = System.Math.Min(MostColumns, drawn.Length);
        var rows = (drawn.Length + columns - 1) / columns;
        using var surface = SKSurface.Create(new SKImageInfo(columns * ChartWidth, rows * ChartHeight));
        surface.Canvas.Clear(SKColors.White);
        for (var index = 0; index < drawn.Length; index++)
        {
            using var part = Picture(drawn[index]);
            surface.Canvas.DrawImage(part, (index % columns * ChartWidth) + Margin, (index / columns * ChartHeight) + Margin);
        }

        using var image = surface.Snapshot();
        using var data = image.Encode(SKEncodedImageFormat.Png, 100);
        AtomicFile.Write(path, data.SaveTo);
    }

    /// <summary>One chart; drawn by itself, as drawing a chart clears what it is drawn on.</summary>
    private static SKImage Picture(Chart chart)
    {
        const int Wide = ChartWidth - (2 * Margin);
        const int High = ChartHeight - (2 * Margin);
        using var plot = Plot(chart);
        using var surface = SKSurface.Create(new SKImageInfo(Wide, High));
        plot.Render(surface.Canvas, new PixelRect(0, Wide, High, 0));
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

        plot.Font.Set("DejaVu Sans");
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
