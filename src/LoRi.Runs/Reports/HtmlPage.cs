using System.Net;
using System.Text;

namespace LoRi.Runs.Reports;

/// <summary>
/// One self-contained page: everything that it shows is inside it, and it asks for nothing from elsewhere. All texts are taken
/// as they are and escaped here; none of them can become markup.
/// </summary>
/// <param name="title">The page's title and first heading.</param>
internal sealed class HtmlPage(string title)
{
    private readonly StringBuilder body = new();

    /// <summary>A heading of a section.</summary>
    public HtmlPage Section(string heading) => Add($"<h2>{Escape(heading)}</h2>\n");

    /// <summary>A paragraph.</summary>
    public HtmlPage Paragraph(string text) => Add($"<p>{Escape(text)}</p>\n");

    /// <summary>Charts side by side, as many as fit.</summary>
    public HtmlPage Charts(IEnumerable<Chart> charts)
    {
        ArgumentNullException.ThrowIfNull(charts);
        return Add($"<div class='charts'>\n{string.Concat(charts.Where(chart => chart.HasPoints).Select(SvgChart.Draw))}</div>\n");
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
        string Cell(string tag, string text, int column) => $"<{tag}{(numeric[column] ? " class='n'" : "")}>{Escape(text)}</{tag}>";
        string Row(string tag, IReadOnlyList<string> cells, bool mark) =>
            $"<tr{(mark ? " class='mark'" : "")}>{string.Concat(cells.Select((text, column) => Cell(tag, text, column)))}</tr>\n";
        Add("<div class='wide'><table>\n<thead>").Add(Row("th", headers, false)).Add("</thead>\n<tbody>\n");
        for (var row = 0; row < all.Length; row++)
        {
            Add(Row("td", all[row], marked?.Contains(row) == true));
        }

        return Add("</tbody></table></div>\n");
    }

    /// <summary>Names and values, with a heading; used for one example after another.</summary>
    public HtmlPage Card(string heading, IEnumerable<(string Name, string Value)> fields)
    {
        ArgumentNullException.ThrowIfNull(fields);
        var list = fields.Select(field => $"<dt>{Escape(field.Name)}</dt><dd>{Escape(field.Value)}</dd>\n");
        return Add($"<section class='card'><h3>{Escape(heading)}</h3><dl>\n{string.Concat(list)}</dl></section>\n");
    }

    /// <summary>The whole page.</summary>
    public override string ToString() =>
        "<!doctype html>\n<html lang='en'>\n<head>\n<meta charset='utf-8'>\n"
        + "<meta http-equiv='Content-Security-Policy' content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        + "<meta name='viewport' content='width=device-width, initial-scale=1'>\n"
        + $"<title>{Escape(title)}</title>\n<style>\n{PageStyle.Text}</style>\n</head>\n"
        + $"<body>\n<main>\n<h1>{Escape(title)}</h1>\n{body}</main>\n</body>\n</html>\n";

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

    private static bool IsNumber(string text) => text.Length == 0 || text == "-"
        || char.IsAsciiDigit(text[0]) || (text.Length > 1 && text[0] == '-' && char.IsAsciiDigit(text[1]))
        || text is "NaN" or "Infinity" or "-Infinity";

    private static string Escape(string text) => WebUtility.HtmlEncode(Printable(text));

    private HtmlPage Add(string markup)
    {
        body.Append(markup);
        return this;
    }
}
