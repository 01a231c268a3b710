using System.Globalization;
using System.Text.RegularExpressions;
using LoRi.Files.Text;

namespace LoRi.Runs.Scoring;

/// <summary>
/// The rule without surprises: the number directly after the last answer prefix (white space may stand between), thousands
/// commas removed, must equal the data set's number exactly, digit by digit. A text without the prefix, or without a number
/// there, is wrong; so is a number that goes on as a word, a mixed number, groups of digits, a list, alternatives, a fraction or a
/// calculation. An answer that is not a number must agree as text.
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
            : PlainNumber.Of(match.Groups["sign"].Value == "-", match.Groups["whole"].Value.Replace(",", "", StringComparison.Ordinal),
                match.Groups["fraction"].Value, exponent);
    }

    // Commas group thousands, or they part a list, which is no number.
    private const string NumberForm =
        @"(?<sign>[-+]?)(?:(?<whole>[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.(?<fraction>[0-9]*))?|\.(?<fraction>[0-9]+))";

    [GeneratedRegex(@"\A\s*" + NumberForm + "(?!" + NumberEnds.GoesOn + ")", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase)]
    private static partial Regex Leading();

    [GeneratedRegex(@"\A" + NumberForm + @"(?:[eE](?<exponent>[-+]?[0-9]+))?\z", RegexOptions.CultureInvariant)]
    private static partial Regex GoldNumber();
}
