namespace LoRi.Training.Evaluation;

/// <summary>What a rule makes of one output.</summary>
/// <param name="Value">What it reads in the text: a number as Python writes it, or text; empty where it finds nothing.</param>
/// <param name="Gold">What it reads in the data set's answer.</param>
/// <param name="Correct">Whether the two agree.</param>
public sealed record ScoredAnswer(string Value, string Gold, bool Correct);
