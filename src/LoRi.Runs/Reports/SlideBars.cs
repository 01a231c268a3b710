using System.Text;

namespace LoRi.Runs.Reports;

/// <summary>Accuracies of a picture, and beside them the tokens that were written for a question.</summary>
internal static class SlideBars
{
    private const int MostBars = 8;
    private const int Head = 34;
    private const int Number = 84;
    private const string Ink = $"fill='{ChartInk.Dark}'";
    private const string Strong = Ink + " font-weight='bold'";
    private const string Stroke = $"stroke='{ChartInk.Dark}' stroke-width='2'";

    /// <summary>Bars into a width and a height from the upper left corner; what there is no room for is counted.</summary>
    public static string Draw(IReadOnlyList<OverviewBar> bars, double width, double height)
    {
        var shown = bars.Count > MostBars ? MostBars - 1 : bars.Count;
        var row = System.Math.Min(46, (height - Head) / System.Math.Min(bars.Count, MostBars));
        var columns = Columns.Of(width, bars);
        var text = new StringBuilder(SvgText.Line("Accuracy with 95 % interval", columns.Left, 16, 15, Strong));
        if (columns.Most > 0)
        {
            text.Append(SvgText.Line("Tokens written for a question", columns.Tokens, 16, 15, Strong));
        }

        for (var index = 0; index < shown; index++)
        {
            text.Append(SvgText.Invariant($"<g transform='translate(0 {Head + (index * row):F1})'>{Bar(bars[index], columns, row)}</g>\n"));
        }

        var more = $"{bars.Count - shown} more are on the page.";
        return text.Append(shown < bars.Count ? SvgText.Line(more, 0, Head + ((shown + 0.5) * row) + 5, 15, $"fill='{ChartInk.Soft}'") : "")
            .ToString();
    }

    private static string Bar(OverviewBar bar, Columns columns, double height)
    {
        var colour = bar.IsHero ? ChartInk.Colour(0) : ChartInk.Far;
        var ink = bar.IsHero ? Strong : Ink;
        var line = (height / 2) + 5;
        string Block(double left, double wide, string fill) => SvgText.Invariant(
            $"<rect x='{left:F1}' y='{height / 4:F1}' width='{wide:F1}' height='{height / 2:F1}' fill='{fill}'/>");
        string Value(FormattableString text, double after) =>
            SvgText.Line(SvgText.Invariant(text), after + Number - 8, line, 15, ink + " text-anchor='end'");
        var (low, high) = (columns.Left + (bar.Low * columns.Wide), columns.Left + (bar.High * columns.Wide));
        var text = SvgText.Line(SvgText.Cut(bar.Label, columns.Left - 12, 15, bar.IsHero), 0, line, 15, ink)
            + Block(columns.Left, columns.Wide, ChartInk.Ground) + Block(columns.Left, bar.Share * columns.Wide, colour)
            + SvgText.Invariant($"<path d='M{low:F1} {height / 2:F1}H{high:F1}' {Stroke}/>\n")
            + Value($"{100 * bar.Share:F1} %", columns.Left + columns.Wide);
        return columns.Most > 0 && bar.Tokens is { } tokens
            ? text + Block(columns.Tokens, columns.TokensWide * tokens / columns.Most, colour)
                + Value($"{tokens:F1}", columns.Tokens + columns.TokensWide)
            : text;
    }

    /// <summary>Where the parts of a row are.</summary>
    /// <param name="Left">Where accuracies begin.</param>
    /// <param name="Wide">How wide 100 % is.</param>
    /// <param name="Tokens">Where tokens begin.</param>
    /// <param name="TokensWide">How wide the most tokens are.</param>
    /// <param name="Most">The most tokens of all bars; 0 where nothing is known.</param>
    private sealed record Columns(double Left, double Wide, double Tokens, double TokensWide, double Most)
    {
        public static Columns Of(double width, IReadOnlyList<OverviewBar> bars)
        {
            var most = bars.Max(bar => bar.Tokens) ?? 0;
            var left = 0.24 * width;
            var wide = (most > 0 ? 0.66 * width : width) - left - Number;
            var tokens = left + wide + Number + 16;
            return new(left, wide, tokens, width - tokens - Number, most);
        }
    }
}
