using System.Globalization;
using System.Numerics;
using System.Text.RegularExpressions;

namespace LoRi.Training.Evaluation;

/// <summary>
/// The rule without surprises: the number directly after the last <c>The answer is:</c>, thousands commas removed, must
/// equal the data set's number exactly, digit by digit. A text without the prefix is taken as what came after it, and
/// must then hold the number and nothing else. No number is wrong. An answer that is not a number must agree as text.
/// </summary>
internal static partial class StrictScoring
{
    private const int LargestExponent = 400;

    internal static ScoredAnswer Score(string text, string gold)
    {
        var prefixed = text.Contains(AnswerScorer.AnswerPrefix, StringComparison.Ordinal);
        var rest = AnswerScorer.AfterLast(text, AnswerScorer.AnswerPrefix);
        var goldText = AnswerScorer.GoldAnswer(gold).Trim();
        if (Canonical(GoldNumber().Match(goldText)) is not { } goldNumber)
        {
            var said = rest.Trim().TrimEnd('.');
            return new ScoredAnswer(said, goldText, said.Length > 0 && said == goldText.TrimEnd('.'));
        }

        var match = (prefixed ? Leading() : Whole()).Match(rest);
        return Canonical(match) is { } number
            ? new ScoredAnswer(number, goldNumber, number == goldNumber)
            : new ScoredAnswer("", goldNumber, false);
    }

    /// <summary>One spelling for every way to write a number: no leading or trailing zeros, no exponent, no sign of zero.</summary>
    private static string? Canonical(Match match)
    {
        if (!match.Success)
        {
            return null;
        }

        var whole = match.Groups["whole"].Value.Replace(",", "", StringComparison.Ordinal);
        var fraction = match.Groups["fraction"].Value;
        var exponent = 0;
        var tooLarge = match.Groups["exponent"] is { Success: true } group
            && (!int.TryParse(group.ValueSpan, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out exponent)
                || System.Math.Abs(exponent) > LargestExponent);
        if (tooLarge || whole.Length + fraction.Length == 0)
        {
            return null;
        }

        var digits = BigInteger.Parse("0" + whole + fraction, CultureInfo.InvariantCulture).ToString(CultureInfo.InvariantCulture);
        return Place(digits, exponent - fraction.Length, match.Groups["sign"].Value == "-");
    }

    private static string Place(string digits, int exponent, bool negative)
    {
        if (digits == "0")
        {
            return "0";
        }

        if (exponent >= 0)
        {
            digits += new string('0', exponent);
        }
        else
        {
            digits = digits.PadLeft(1 - exponent, '0').Insert(System.Math.Max(digits.Length + exponent, 1), ".").TrimEnd('0').TrimEnd('.');
        }

        return negative ? "-" + digits : digits;
    }

    private const string NumberForm = @"(?<sign>[-+]?)\$?(?<whole>[0-9][0-9,]*|)(?:\.(?<fraction>[0-9]*))?";

    // A number that goes on as a word, a fraction or another number is not the number that was asked for.
    [GeneratedRegex(@"\A\s*\$?" + NumberForm + @"(?<=[0-9.])(?![0-9a-zA-Z/:^*+]|\.[0-9]|,[0-9]|-[0-9])", RegexOptions.CultureInvariant)]
    private static partial Regex Leading();

    [GeneratedRegex(@"\A\s*\$?" + NumberForm + @"(?<=[0-9.])[.%]?\s*\z", RegexOptions.CultureInvariant)]
    private static partial Regex Whole();

    [GeneratedRegex(@"\A" + NumberForm + @"(?:[eE](?<exponent>[-+]?[0-9]+))?\z", RegexOptions.CultureInvariant)]
    private static partial Regex GoldNumber();
}
