using System.Globalization;
using System.Text;

namespace LoRi.Runs.Reports;

/// <summary>How a page shows a token and its probability.</summary>
internal static class TokenText
{
    /// <summary>Per cent below which a probability is only said to be smaller.</summary>
    private const double Least = 1e-5;

    /// <summary>The token in double quotes, as <see cref="Visible"/> shows it.</summary>
    public static string Quote(string text) => $"\"{Visible(text)}\"";

    /// <summary>
    /// The token: line feeds, tabs and carriage returns as programs write them, with backslashes doubled so that
    /// nothing else looks like them; other characters that cannot be seen by their code points.
    /// </summary>
    public static string Visible(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var shown = new StringBuilder();
        foreach (var rune in text.EnumerateRunes())
        {
            shown.Append(rune.Value switch
            {
                '\n' => "\\n",
                '\t' => "\\t",
                '\r' => "\\r",
                '\\' => "\\\\",
                _ when Rune.IsControl(rune) || rune.Value is 0x2028 or 0x2029 =>
                    string.Create(CultureInfo.InvariantCulture, $"U+{rune.Value:X4}"),
                _ => rune.ToString(),
            });
        }

        return shown.ToString();
    }

    /// <summary>A share in per cent: whole from ten on, with two significant digits below, so that small ones differ from none.</summary>
    public static string Percent(double share)
    {
        var percent = 100 * share;
        var digits = percent is > 0 and < 10 ? 1 - (int)System.Math.Floor(System.Math.Log10(percent)) : 0;
        return !double.IsFinite(percent) ? "-"
            : percent is > 0 and < Least ? "under 0.00001 %"
            : percent.ToString($"F{digits}", CultureInfo.InvariantCulture) + " %";
    }
}
