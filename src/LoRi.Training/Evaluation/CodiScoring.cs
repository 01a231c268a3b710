using System.Globalization;
using System.Text.RegularExpressions;

namespace LoRi.Training.Evaluation;

/// <summary>CODI's rule: the last thing in the text that looks like a number, equal as a double.</summary>
internal static partial class CodiScoring
{
    private const string Letters = "ABCDE";

    internal static ScoredAnswer Score(string text, string gold)
    {
        var value = LastNumber(text);
        var shown = PythonNumber.Repr(value);
        if (gold is "True" or "False")
        {
            // Python's truth values are the numbers 1 and 0.
            return new ScoredAnswer(shown, gold, value == (gold == "True" ? 1 : 0));
        }

        if (Letters.Contains(gold, StringComparison.Ordinal))
        {
            return new ScoredAnswer(shown, gold, false);
        }

        var number = PythonNumber.TryParse(AnswerScorer.GoldAnswer(gold)) ?? double.PositiveInfinity;
        return new ScoredAnswer(shown, PythonNumber.Repr(number), value == number);
    }

    private static double LastNumber(string text)
    {
        var ascii = PythonText.DigitsToAscii(text.Replace(",", "", StringComparison.Ordinal));
        Match? last = null;
        for (var match = Number().Match(ascii); match.Success; match = match.NextMatch())
        {
            last = match;
        }

        return last is null ? double.PositiveInfinity : double.Parse(last.ValueSpan, NumberStyles.Float, CultureInfo.InvariantCulture);
    }

    [GeneratedRegex(@"-?[0-9]+\.?[0-9]*", RegexOptions.CultureInvariant)]
    private static partial Regex Number();
}
