using System.Text;

namespace LoRi.Runs.Reports;

/// <summary>Latent steps of a picture, under the chain that they stand for.</summary>
internal static class SlideStrip
{
    /// <summary>Units that it takes from above to below.</summary>
    public const int Height = 66;

    private const string Own = "#00623f";
    private const double Least = 46;

    /// <summary>Two rows with their names; steps that there is no room for are left out, and counted.</summary>
    public static string Draw(LatentStrip strip, double width, double names)
    {
        var room = (int)((width - names) / Least) - 1;
        var shown = strip.Steps.Count > room ? room - 1 : strip.Steps.Count;
        var wide = System.Math.Min(150, (width - names) / (1 + System.Math.Min(strip.Steps.Count, room)));
        var text = new StringBuilder(SvgText.Line(SvgText.Cut(strip.ChainOf, names - 12, 14), 0, 15, 14, $"fill='{ChartInk.Soft}'"))
            .Append(SvgText.Line("latent steps read", 0, 46, 14, $"fill='{ChartInk.Soft}'"));
        text.Append(SvgText.Invariant(
            $"<g transform='translate({names:F1} 0)'>{Middle(TokenText.Visible(strip.Lead ?? ""), wide, 15, ChartInk.Soft)}</g>\n"));
        for (var step = 0; step < shown; step++)
        {
            var left = names + ((1 + step) * wide);
            text.Append(SvgText.Invariant($"<g transform='translate({left:F1} 0)'>{Step(strip, step, wide)}</g>\n"));
        }

        var (more, after) = ($"+{strip.Steps.Count - shown}", names + ((1 + shown) * wide) + 4);
        return text.Append(shown < strip.Steps.Count ? SvgText.Line(more, after, 46, 14, $"fill='{ChartInk.Soft}'") : "").ToString();
    }

    private static string Step(LatentStrip strip, int step, double wide)
    {
        var place = strip.PlaceOf(step);
        var (fill, stroke, ink) = place switch
        {
            TokenPlace.Own => (Own, Own, "#ffffff"),
            TokenPlace.Elsewhere => ("#ffffff", Own, ChartInk.Dark),
            _ => ("#ffffff", ChartInk.Rule, ChartInk.Soft),
        };
        var above = string.Concat(strip.Above(step).Select(TokenText.Visible));
        return Middle(above, wide, 15, ChartInk.Soft)
            + SvgText.Invariant($"<rect x='0' y='28' width='{wide - 4:F1}' height='26' rx='4' fill='{fill}' stroke='{stroke}'/>")
            + Middle(TokenText.Visible(strip.Read(step)), wide, 46, ink);
    }

    private static string Middle(string text, double wide, double y, string colour) =>
        SvgText.Line(SvgText.Cut(text, wide - 10, 14), (wide - 4) / 2, y, 14, $"fill='{colour}' text-anchor='middle'");
}
