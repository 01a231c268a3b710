using System.Globalization;
using System.Net;

namespace LoRi.Runs.Reports;

/// <summary>
/// Lines of text in a picture that stands alone. Which font will draw it is not known here, so widths are those of a wide one
/// (DejaVu Sans) or above.
/// </summary>
internal static class SvgText
{
    /// <summary>The families that pictures are written in.</summary>
    public const string Families = "Segoe UI, Helvetica, Arial, DejaVu Sans, sans-serif";

    private const string More = " ...";
    private const double Bold = 1.13;

    /// <summary>Pixels that a line takes at most.</summary>
    public static double Width(string text, double size, bool bold = false) =>
        size * (bold ? Bold : 1) * text.EnumerateRunes().Sum(rune => rune.Value switch
    {
        ' ' or '.' or ',' or ':' or ';' or '\'' or '|' or '!' or '/' or '-' or 'i' or 'j' or 'l' or 'f' or 't' or 'r' or '(' or ')' or '['
            or ']' => 0.42,
        'm' or 'w' or 'M' or 'W' or '@' or '%' => 1.0,
        > 0xFFFF => 1.4,
        > 0x2E7F => 1.05,
        _ => 0.7,
    });

    /// <summary>
    /// The text as one line that is no wider than <paramref name="width"/> pixels; what is beyond is left out, which is marked.
    /// </summary>
    public static string Cut(string text, double width, double size, bool bold = false)
    {
        var line = HtmlPage.Printable(text).ReplaceLineEndings(" ").Replace('\t', ' ').Trim();
        if (Width(line, size, bold) <= width)
        {
            return line;
        }

        while (line.Length > 0 && Width(line + More, size, bold) > width)
        {
            line = line[..^(char.IsLowSurrogate(line[^1]) ? 2 : 1)];
        }

        return line + More;
    }

    /// <summary>
    /// The beginning of the text, up to the end of a word, that is no wider than <paramref name="width"/> pixels; empty where the first
    /// word is wider.
    /// </summary>
    public static string Fitting(string text, double width, double size, bool bold = false)
    {
        var end = text.Length;
        while (end > 0 && Width(text[..end], size, bold) > width)
        {
            end = text.LastIndexOf(' ', end - 1);
        }

        return end > 0 ? text[..end] : "";
    }

    /// <summary>A line of text at a place.</summary>
    /// <param name="text">What it says, as it is.</param>
    /// <param name="x">Where it begins, or where its anchor has it.</param>
    /// <param name="y">Its base line.</param>
    /// <param name="size">Pixels of its letters.</param>
    /// <param name="attributes">Colour, weight, anchor.</param>
    public static string Line(string text, double x, double y, double size, string attributes) =>
        Invariant($"<text x='{x:F1}' y='{y:F1}' font-size='{size:0.#}' {attributes}>{WebUtility.HtmlEncode(text)}</text>\n");

    /// <summary>A picture on white that needs nothing else.</summary>
    /// <param name="width">Its width in its own units and in pixels.</param>
    /// <param name="height">Its height.</param>
    /// <param name="title">What it shows, for those who cannot see it.</param>
    /// <param name="marks">What is drawn.</param>
    public static string Document(double width, double height, string title, string marks) => Invariant(
        $"<svg xmlns='http://www.w3.org/2000/svg' width='{width:0}' height='{height:0}' viewBox='0 0 {width:0} {height:0}' ")
        + $"role='img' font-family='{Families}'>\n"
        + Invariant(
            $"<title>{WebUtility.HtmlEncode(HtmlPage.Printable(title))}</title>\n")
        + Invariant($"<rect width='{width:0}' height='{height:0}' fill='#ffffff'/>\n{marks}</svg>\n");

    /// <summary>Numbers with a point, whatever the machine's language.</summary>
    public static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
