using System.Globalization;
using System.Text;
using LoRi.Models.Reasoning;

namespace LoRi.Runs.Reports;

/// <summary>Latent steps as marks of a page.</summary>
internal static class StripMarkup
{
    private static readonly (string Class, string Meaning)[] Places =
        [("own", "in the chain, at its own place"), ("else", "in the chain, elsewhere"), ("none", "not in the chain")];

    /// <summary>What the colours say.</summary>
    public static string Key() => "<p class='legend strip-key'>"
        + string.Concat(Places.Select(place => $"<span><span class='token {place.Class}'>a</span> {HtmlPage.Escape(place.Meaning)}</span>"))
        + "</p>\n";

    /// <summary>
    /// The strip: every step is a stop of the keyboard and shows its likeliest tokens there and under the pointer; all levels of all
    /// steps are a table that opens.
    /// </summary>
    public static string Draw(LatentStrip strip)
    {
        var text = new StringBuilder($"<p class='strip-head'>Above, the {HtmlPage.Escape(strip.ChainOf)}; under it, what each latent step "
            + $"reads as: {HtmlPage.Escape(strip.Summary())}.</p>\n<ol class='strip'>\n");
        if (strip.Lead is { } lead)
        {
            text.Append($"<li class='lead'><div class='above'>{HtmlPage.Escape(TokenText.Visible(lead))}</div>")
                .Append("<span class='token'>question</span></li>\n");
        }

        for (var step = 0; step < strip.Steps.Count; step++)
        {
            var above = string.Concat(strip.Above(step).Select(token => $"<span>{HtmlPage.Escape(TokenText.Visible(token))}</span>"));
            text.Append($"<li tabindex='0'><div class='above'>{above}</div>")
                .Append($"<span class='token {Places[(int)strip.PlaceOf(step)].Class}'>{Shown(strip.Read(step))}</span>")
                .Append($"<div class='top'>{Top(strip, step)}</div></li>\n");
        }

        return text.Append("</ol>\n").ToString();
    }

    /// <summary>The table of all levels: headers and rows.</summary>
    public static (IReadOnlyList<string> Headers, IEnumerable<IReadOnlyList<string>> Rows) Levels(LatentStrip strip)
    {
        var levels = strip.Steps[0].Count;
        string Name(int level) => level == levels ? $"{level} (last)" : $"{level}";
        return (["level", .. Enumerable.Range(1, strip.Steps.Count).Select(step => $"step {step}")],
            Enumerable.Range(1, levels).Reverse().Select(level => (string[])[Name(level),
                .. strip.Steps.Select(step => string.Join('\n', step[level - 1].Select(Share)))]));
    }

    private static string Top(LatentStrip strip, int step) =>
        string.Create(CultureInfo.InvariantCulture, $"latent step {step + 1}: ")
        + HtmlPage.Escape(string.Join("   ", strip.Steps[step][^1].Select(Share)));

    private static string Share(LatentToken token) => $"{TokenText.Quote(token.Text)} {TokenText.Percent(token.Share)}";

    private static string Shown(string token) =>
        HtmlPage.Escape(string.IsNullOrWhiteSpace(token) ? TokenText.Quote(token) : TokenText.Visible(token));
}
