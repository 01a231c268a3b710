using LoRi.Files.Text;

namespace LoRi.Runs.Scoring;

/// <summary>Scores outputs by one of the published rules.</summary>
public static class AnswerScorer
{
    /// <summary>The text that our models write, or are given, before the answer.</summary>
    public const string AnswerPrefix = "The answer is:";

    private const string GoldMark = "####";
    private const string CoconutMark = "#";

    /// <summary>What <paramref name="rule"/> makes of an output and the data set's answer.</summary>
    /// <param name="rule">The rule.</param>
    /// <param name="text">What the model wrote.</param>
    /// <param name="gold">The data set's answer.</param>
    /// <param name="dataName">
    /// The name under which CODI's evaluator knows the data set: it decides whether letters or truth values are looked for. Left
    /// out, numbers alone are.
    /// </param>
    /// <param name="answerPrefix">
    /// The prefix after which the strict rule looks; left out, <see cref="AnswerPrefix"/>. PCCoT's rules compare what follows the
    /// prompt that was forced: where a prefix is named, what stands behind it, without the white space between.
    /// </param>
    public static ScoredAnswer Score(ScoringRule rule, string text, string gold, string? dataName = null, string? answerPrefix = null)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(gold);
        return rule switch
        {
            ScoringRule.Codi or ScoringRule.Simcot =>
                CodiScoring.Score(text, gold, dataName ?? CodiScoring.DefaultDataName, rule == ScoringRule.Simcot),
            ScoringRule.Strict => StrictScoring.Score(text, gold, answerPrefix ?? AnswerPrefix),
            ScoringRule.Coconut => Compare(CoconutValue(text), PythonText.Strip(gold.Replace(",", "", StringComparison.Ordinal))),
            ScoringRule.Icot => Compare(IcotValue(text), IcotValue(gold)),
            ScoringRule.Pccot => CompareAsNumPy(Continuation(text, answerPrefix), gold),
            ScoringRule.PccotCot => CompareAsNumPy(AfterPrompt(text, answerPrefix), gold),
            _ => throw new ArgumentOutOfRangeException(nameof(rule), rule, null),
        };
    }

    /// <summary>The text after which a rule looks, or compares everything where it is absent; null for a rule that needs none.</summary>
    /// <param name="rule">The rule.</param>
    /// <param name="answerPrefix">The prefix that the strict rule is given.</param>
    public static string? Marker(ScoringRule rule, string? answerPrefix = null) => rule switch
    {
        ScoringRule.Strict => answerPrefix ?? AnswerPrefix,
        ScoringRule.Coconut => CoconutMark,
        ScoringRule.Icot => GoldMark,
        ScoringRule.PccotCot => AnswerPrefix,
        _ => null,
    };

    /// <summary>What follows the last occurrence of a mark, searched from the left, or the whole text where there is none.</summary>
    internal static string AfterLast(string text, string mark) => text.Split(mark)[^1];

    /// <summary>The data set's answer without the reasoning that may stand before it, and without thousands commas.</summary>
    internal static string GoldAnswer(string gold) => AfterLast(gold, GoldMark).Replace(",", "", StringComparison.Ordinal);

    private static string Continuation(string text, string? fed) =>
        fed is { Length: > 0 } && text.TrimStart().StartsWith(fed, StringComparison.Ordinal)
            ? text.TrimStart()[fed.Length..].TrimStart()
            : text;

    private static string AfterPrompt(string text, string? own) =>
        own is null || !text.Contains(AnswerPrefix, StringComparison.Ordinal)
            ? AfterLast(text, AnswerPrefix)
            : AfterLast(text, AnswerPrefix).TrimStart();

    private static string CoconutValue(string text) =>
        PythonText.Strip(AfterLast(text, CoconutMark).Replace(",", "", StringComparison.Ordinal));

    private static string IcotValue(string text)
    {
        var stripped = PythonText.Strip(text);
        var at = stripped.IndexOf(GoldMark, StringComparison.Ordinal);
        var answer = at < 0 ? stripped : PythonText.Strip(stripped[at..]);
        return answer.Replace(",", "", StringComparison.Ordinal);
    }

    private static ScoredAnswer Compare(string value, string gold) => new(value, gold, value == gold);

    // NumPy's strings lose the zero characters at their end.
    private static ScoredAnswer CompareAsNumPy(string value, string gold) =>
        new(value, gold, value.TrimEnd('\0') == gold.TrimEnd('\0'));
}
