using System.Net;
using System.Text;

namespace LoRi.Runs.Reports;

/// <summary>
/// One self-contained page: everything that it shows is inside it, and it asks for nothing from elsewhere. All texts are taken
/// as they are and escaped here; none of them can become markup.
/// </summary>
internal sealed class HtmlPage
{
    private const int LongestWord = 24;
    private const int LongestName = 28;
    private readonly StringBuilder body = new();
    private readonly string title;
    private string under;

    /// <summary>A page of a title, which begins with a heading.</summary>
    public HtmlPage(string title, string heading)
    {
        (this.title, under) = (title, heading);
        Add($"<h1>{Escape(heading)}</h1>\n");
    }

    /// <summary>A heading of a section.</summary>
    public HtmlPage Section(string heading) => Headed("h2", heading);

    /// <summary>A heading within a section.</summary>
    public HtmlPage Part(string heading) => Headed("h3", heading);

    /// <summary>A paragraph.</summary>
    public HtmlPage Paragraph(string text) => Add($"<p>{Escape(text)}</p>\n");

    /// <summary>What is shown only where it is opened.</summary>
    public HtmlPage Folded(string summary, Action<HtmlPage> content)
    {
        ArgumentNullException.ThrowIfNull(content);
        Add($"<details><summary>{Escape(summary)}</summary>\n");
        content(this);
        return Add("</details>\n");
    }

    /// <summary>Accuracies as bars with their intervals, and what was written for them.</summary>
    public HtmlPage Bars(string heading, IReadOnlyList<OverviewBar> bars) => Add(BarMarkup.Draw(heading, bars));

    /// <summary>What the colours of latent steps say.</summary>
    public HtmlPage StripKey() => Add(StripMarkup.Key());

    /// <summary>Charts side by side, as many as fit.</summary>
    public HtmlPage Charts(IEnumerable<Chart> charts)
    {
        ArgumentNullException.ThrowIfNull(charts);
        var drawn = charts.Where(chart => chart.HasPoints).ToArray();
        var small = drawn.All(chart => chart.Size == ChartSize.Small) ? " small" : "";
        return drawn.Length == 0 ? this : Add($"<div class='charts{small}'>\n{string.Concat(drawn.Select(SvgChart.Draw))}</div>\n");
    }

    /// <summary>A table; cells that are numbers, with whatever stands behind them, are aligned to the right.</summary>
    /// <param name="headers">One text for each column.</param>
    /// <param name="rows">Rows of as many cells.</param>
    /// <param name="marked">Rows, by their number, that stand out.</param>
    public HtmlPage Table(IReadOnlyList<string> headers, IEnumerable<IReadOnlyList<string>> rows, IReadOnlySet<int>? marked = null)
    {
        ArgumentNullException.ThrowIfNull(headers);
        var all = rows.ToArray();
        var numeric = Enumerable.Range(0, headers.Count).Select(column => all.Length > 0 && all.All(row => IsNumber(row[column])))
            .ToArray();
        string Class(string text, int column) => numeric[column] ? " class='n'" : HasLongWord(text) ? " class='long'"
            : column == 0 && text.Length <= LongestName ? " class='name'" : "";
        string Cell(string tag, string text, int column) =>
            $"<{tag}{(tag == "th" ? " scope='col'" : "")}{Class(text, column)}>{Escape(text)}</{tag}>";
        string Row(string tag, IReadOnlyList<string> cells, bool mark) =>
            $"<tr{(mark ? " class='mark'" : "")}>{string.Concat(cells.Select((text, column) => Cell(tag, text, column)))}</tr>\n";
        Add($"<div class='wide' tabindex='0' role='group' aria-label='{Escape(under)}'><table>\n<thead>")
            .Add(Row("th", headers, false)).Add("</thead>\n<tbody>\n");
        for (var row = 0; row < all.Length; row++)
        {
            Add(Row("td", all[row], marked?.Contains(row) == true));
        }

        return Add("</tbody></table></div>\n");
    }

    /// <summary>Names and values, with a heading; used for one example after another.</summary>
    public HtmlPage Card(OverviewCard card)
    {
        ArgumentNullException.ThrowIfNull(card);
        var list = card.Fields.Select(field => $"<dt>{Escape(field.Name)}</dt><dd>{Escape(field.Value)}</dd>\n");
        Add($"<div class='card'><h3>{Escape(card.Heading)}</h3><dl>\n{string.Concat(list)}</dl>\n");
        if (card.Strip is { Steps.Count: > 0 } strip)
        {
            Add(StripMarkup.Draw(strip));
            var (headers, rows) = StripMarkup.Levels(strip);
            Folded("the likeliest tokens of every step, level by level", page => page.Table(headers, rows));
        }

        return Add("</div>\n");
    }

    /// <summary>The whole page.</summary>
    public override string ToString() =>
        "<!doctype html>\n<html lang='en'>\n<head>\n<meta charset='utf-8'>\n"
        + "<meta http-equiv='Content-Security-Policy' content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        + "<meta name='viewport' content='width=device-width, initial-scale=1'>\n"
        + $"<title>{Escape(title)}</title>\n<style>\n{PageStyle.Text}</style>\n</head>\n"
        + $"<body>\n<main>\n{body}</main>\n</body>\n</html>\n";

    /// <summary>
    /// The text with everything that cannot be seen, and could mislead, replaced: control and direction characters, lone
    /// surrogates, and what XML cannot hold.
    /// </summary>
    internal static string Printable(string text)
    {
        var result = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            var direction = rune.Value is (>= 0x202A and <= 0x202E) or (>= 0x2066 and <= 0x2069);
            var none = rune.Value is 0xFFFE or 0xFFFF || (Rune.IsControl(rune) && rune.Value is not ('\n' or '\t'));
            result.Append(none || direction ? "\uFFFD" : rune.ToString());
        }

        return result.ToString();
    }

    /// <summary>Whether a word would make its column too wide: it may be broken anywhere, others only between words.</summary>
    private static bool HasLongWord(string text) => text.Split([' ', '\n', '/', '-']).Any(word => word.Length > LongestWord);

    private static bool IsNumber(string text) => text.Length == 0 || text == "-"
        || char.IsAsciiDigit(text[0]) || (text.Length > 1 && text[0] == '-' && char.IsAsciiDigit(text[1]))
        || text is "NaN" or "Infinity" or "-Infinity";

    /// <summary>The text as text of a page, whatever is in it.</summary>
    internal static string Escape(string text) => WebUtility.HtmlEncode(Printable(text));

    private HtmlPage Headed(string tag, string text)
    {
        under = text;
        return Add($"<{tag}>{Escape(text)}</{tag}>\n");
    }

    private HtmlPage Add(string markup)
    {
        body.Append(markup);
        return this;
    }
}
