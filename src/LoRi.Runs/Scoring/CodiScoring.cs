using System.Globalization;
using System.Text.RegularExpressions;
using LoRi.Files.Text;

namespace LoRi.Runs.Scoring;

/// <summary>
/// CODI's rule: the last thing in the text that looks like a number, equal as a double. Where there is none, the data set
/// decides what is looked for: a letter (<c>commonsense</c>), a truth value (<c>strategy</c>, <c>ProntoQA</c>), or nothing.
/// </summary>
internal static partial class CodiScoring
{
    /// <summary>The data set that is meant where none is named.</summary>
    internal const string DefaultDataName = "gsm8k";

    private const string Letters = "ABCDE";
    private const string OtherLetter = "C";
    private const string Unreadable = "ValueError";
    private const string NoText = "IndexError";

    /// <summary>Scores an output.</summary>
    /// <param name="text">What the model wrote.</param>
    /// <param name="gold">The data set's answer.</param>
    /// <param name="dataName">The evaluator's name of the data set.</param>
    /// <param name="letterRequired">
    /// SIM-CoT's form: a text that begins with none of the letters stops the program; CODI takes it for C.
    /// </param>
    internal static ScoredAnswer Score(string text, string gold, string dataName, bool letterRequired)
    {
        var wanted = Wanted(gold);
        var (found, error) = Read(text.Replace(",", "", StringComparison.Ordinal), dataName, letterRequired);
        return found is { } value
            ? new ScoredAnswer(value.Shown, wanted.Shown, value.Agrees(wanted)) { BothUnreadable = value.IsUnread && wanted.IsUnread }
            : new ScoredAnswer("", wanted.Shown, false, error);
    }

    private static Reading Wanted(string gold) => gold is "True" or "False" ? Reading.Of(gold == "True")
        : Letters.Contains(gold, StringComparison.Ordinal) ? Reading.Of(gold)
        : PythonNumber.TryParse(AnswerScorer.GoldAnswer(gold)) is { } number ? Reading.Of(number)
        : Reading.None;

    private static (Reading? Found, string? Error) Read(string text, string dataName, bool letterRequired)
    {
        if (LastNumber(text) is { } number)
        {
            return (Reading.Of(number), null);
        }

        if (dataName.Contains("commonsense", StringComparison.Ordinal))
        {
            return Letter(PythonText.Strip(AnswerScorer.AfterLast(text, AnswerScorer.AnswerPrefix)), letterRequired);
        }

        var asksForTruth = dataName.Contains("strategy", StringComparison.Ordinal)
            || dataName.Contains("prontoqa", StringComparison.OrdinalIgnoreCase);
        return !asksForTruth ? (Reading.None, null)
            : text.Contains("True", StringComparison.Ordinal) ? (Reading.Of(true), null)
            : text.Contains("False", StringComparison.Ordinal) ? (Reading.Of(false), null)
            : (null, Unreadable);
    }

    private static (Reading? Found, string? Error) Letter(string answer, bool letterRequired) =>
        answer.Length == 0 ? (null, NoText)
        : Letters.Contains(answer[0], StringComparison.Ordinal) ? (Reading.Of(answer[..1]), null)
        : letterRequired ? (null, Unreadable)
        : (Reading.Of(OtherLetter), null);

    private static double? LastNumber(string text)
    {
        Match? last = null;
        for (var match = Number().Match(PythonText.DigitsToAscii(text)); match.Success; match = match.NextMatch())
        {
            last = match;
        }

        return last is null ? null : double.Parse(last.ValueSpan, NumberStyles.Float, CultureInfo.InvariantCulture);
    }

    [GeneratedRegex(@"-?[0-9]+\.?[0-9]*", RegexOptions.CultureInvariant)]
    private static partial Regex Number();

    /// <summary>A value as Python compares it: its truth values are the numbers 1 and 0, and no number equals a text.</summary>
    private readonly record struct Reading(string Shown, double? Number, string? Text, bool IsUnread = false)
    {
        /// <summary>Where nothing can be read, the rule continues with infinity.</summary>
        public static Reading None => Of(double.PositiveInfinity) with { IsUnread = true };

        public static Reading Of(double number) => new(PythonNumber.Repr(number), number, null);

        public static Reading Of(bool truth) => new(truth ? "True" : "False", truth ? 1 : 0, null);

        public static Reading Of(string text) => new(text, null, text);

        public bool Agrees(Reading other) =>
            Number is { } own && other.Number is { } its ? own == its : Text is not null && Text == other.Text;
    }
}
