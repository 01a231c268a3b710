namespace LoRi.Runs.Scoring;

/// <summary>What a rule makes of one output.</summary>
/// <param name="Value">
/// What it reads in the text: a number or a truth value as Python writes it, or text; empty where it finds nothing.
/// </param>
/// <param name="Gold">What it reads in the data set's answer.</param>
/// <param name="Correct">Whether the two agree.</param>
/// <param name="Error">
/// The Python exception that the published program stops with at such a text; null where it continues. Such an output is wrong
/// here.
/// </param>
public sealed record ScoredAnswer(string Value, string Gold, bool Correct, string? Error = null)
{
    /// <summary>
    /// Whether CODI's rule finds neither a number in the text nor one in the data set's answer, and so takes two infinities for
    /// equal: right by the rule, but not by anything that the model wrote.
    /// </summary>
    public bool BothUnreadable { get; init; }
}
