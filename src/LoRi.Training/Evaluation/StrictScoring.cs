using System.Globalization;
using System.Text.RegularExpressions;
using LoRi.Training.Data;

namespace LoRi.Training.Evaluation;

/// <summary>
/// The rule without surprises: the number directly after the last answer prefix (white space may stand between), thousands
/// commas removed, must equal the data set's number exactly, digit by digit. A text without the prefix, or without a number
/// there, is wrong; so is a number that goes on as a word, a list, a fraction or a calculation. An answer that is not a
/// number must agree as text.
/// </summary>
internal static partial class StrictScoring
{
    internal static ScoredAnswer Score(string text, string gold, string prefix)
    {
        var goldText = AnswerScorer.GoldAnswer(gold).Trim();
        var goldNumber = Canonical(GoldNumber().Match(goldText));
        if (AfterPrefix(text, prefix.Trim()) is not { } rest)
        {
            return new ScoredAnswer("", goldNumber ?? goldText, false);
        }

        if (goldNumber is null)
        {
            var said = rest.Trim().TrimEnd('.');
            return new ScoredAnswer(said, goldText, said.Length > 0 && said == goldText.TrimEnd('.'));
        }

        var number = Canonical(Leading().Match(rest));
        return new ScoredAnswer(number ?? "", goldNumber, number == goldNumber);
    }

    private static string? AfterPrefix(string text, string prefix)
    {
        var at = prefix.Length == 0 ? 0 : text.LastIndexOf(prefix, StringComparison.Ordinal);
        return at < 0 ? null : text[(at + prefix.Length)..];
    }

    /// <summary>The number without thousands commas, in one spelling.</summary>
    private static string? Canonical(Match match)
    {
        if (!match.Success)
        {
            return null;
        }

        var exponent = 0;
        var tooLarge = match.Groups["exponent"] is { Success: true } group
            && (!int.TryParse(group.ValueSpan, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out exponent)
                || exponent is > PlainNumber.LargestExponent or < -PlainNumber.LargestExponent);
        return tooLarge
            ? null
            : PlainNumber.Of(match.Groups["sign"].Value == "-", match.Groups["whole"].Value.Replace(",", "", StringComparison.Ordinal), match.Groups["fraction"].Value, exponent);
    }

    // Commas group thousands, or they part a list, which is no number.
    private const string NumberForm =
        @"(?<sign>[-+]?)(?:(?<whole>[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.(?<fraction>[0-9]*))?|\.(?<fraction>[0-9]+))";

    // White space that does not end the line: what stands on the next one is no part of a calculation.
    private const string Gap = @"[^\S\r\n\v\f\u0085\u2028\u2029]*";

    private const string Operand = @"[-+\u2212]?" + Gap + @"\$?\.?[0-9]";

    // Two asterisks end bold text, unless a power is written with them.
    private const string Power = @"\*\*[0-9]|" + Gap + @"(?<=\s)\*\*(?=\s)" + Gap + "[0-9]";

    // A number that goes on as a word, another number, a list or a calculation is not the number that was asked for.
    // An operator makes a calculation only where an operand follows it.
    private const string Ends =
        @"(?![\p{L}\p{N}_]|[.,:][0-9]|" + Power
        + "|" + Gap + @"[=+*/^\u00d7\u00f7]" + Gap + "(?:" + Operand + @"|\()"
        + "|" + Gap + @"[-\u2212\u2013]" + Gap + @"[$(]*\.?[0-9])";

    [GeneratedRegex(@"\A\s*" + NumberForm + Ends, RegexOptions.CultureInvariant)]
    private static partial Regex Leading();

    [GeneratedRegex(@"\A" + NumberForm + @"(?:[eE](?<exponent>[-+]?[0-9]+))?\z", RegexOptions.CultureInvariant)]
    private static partial Regex GoldNumber();
}
