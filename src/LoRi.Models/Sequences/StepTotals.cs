namespace LoRi.Models.Sequences;

/// <summary>What a whole optimizer step contains, so that micro-batches reduce to the same loss as one batch.</summary>
/// <param name="Rows">Rows of the step.</param>
/// <param name="GradedTokens">Graded answer tokens of the step (the student's, with those of the prefix where it is graded).</param>
/// <param name="RationaleTokens">Graded tokens of the step's explicit sequences (rationale, prefix, answer).</param>
public sealed record StepTotals(int Rows, int GradedTokens, int RationaleTokens);
