using System.Globalization;
using System.Text;

namespace LoRi.Runs.Reports;

/// <summary>Accuracies as bars of a page.</summary>
internal static class BarMarkup
{
    /// <summary>What such bars show.</summary>
    public const string Caption = "Right answers with their 95 % interval, and tokens written for a question";

    /// <summary>One bar after the other, from 0 to 100 %, each with its interval; what the page is about stands out.</summary>
    public static string Draw(string heading, IReadOnlyList<OverviewBar> bars)
    {
        var most = bars.Max(bar => bar.Tokens) ?? 0;
        var words = HtmlPage.Escape(string.Join("; ", bars.Select(Words)));
        var text = new StringBuilder("<figure class='bars'><figcaption>").Append(HtmlPage.Escape(heading))
            .Append("</figcaption>\n<div role='img' aria-label='").Append(words).Append("'>\n");
        foreach (var bar in bars)
        {
            text.Append($"<div class='bar{(bar.IsHero ? " hero" : "")}'><span class='who'>{HtmlPage.Escape(bar.Label)}</span>");
            text.Append($"<span class='track'><span class='fill' style='width:{Percent(bar.Share)}'></span>");
            text.Append($"<span class='range' style='left:{Percent(bar.Low)};width:{Percent(bar.High - bar.Low)}'></span></span>");
            text.Append($"<span class='value'>{Number(100 * bar.Share)} %</span>");
            if (most > 0)
            {
                var share = Percent((bar.Tokens ?? 0) / most);
                text.Append($"<span class='track small'><span class='fill' style='width:{share}'></span></span>");
                text.Append($"<span class='value'>{(bar.Tokens is { } tokens ? $"{Number(tokens)} tokens" : "")}</span>");
            }

            text.Append("</div>\n");
        }

        return text.Append("</div></figure>\n").ToString();
    }

    private static string Words(OverviewBar bar) =>
        $"{bar.Label} {Number(100 * bar.Share)} %{(bar.Tokens is { } tokens ? $" with {Number(tokens)} tokens" : "")}";

    private static string Number(double value) => value.ToString("F1", CultureInfo.InvariantCulture);

    private static string Percent(double share) =>
        (100 * System.Math.Clamp(share, 0, 1)).ToString("0.##", CultureInfo.InvariantCulture) + "%";
}
