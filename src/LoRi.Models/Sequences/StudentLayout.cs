namespace LoRi.Models.Sequences;

/// <summary>Which part of the student's answer segment is graded.</summary>
public enum Grading
{
    /// <summary>Answer and end of sequence.</summary>
    Answer,

    /// <summary>The answer prefix as well, as CODI does.</summary>
    PrefixAndAnswer,
}

/// <summary>The rows that the methods grade.</summary>
public static class StudentLayout
{
    /// <summary><c>&lt;eot&gt; prefix answer EOS</c>, after the latent steps.</summary>
    public static GradedRow AfterLatents(EncodedExample example, int eot, Grading grading) => new(
        [eot, .. example.Prefix, .. example.Answer],
        grading == Grading.Answer ? 1 + example.Prefix.Length : 1,
        example.Prefix.Length);

    /// <summary><c>question prefix answer EOS</c>: no reasoning at all.</summary>
    public static GradedRow Direct(EncodedExample example, Grading grading) => new(
        [.. example.Question, .. example.Prefix, .. example.Answer],
        grading == Grading.Answer ? example.Question.Length + example.Prefix.Length : example.Question.Length,
        example.Question.Length + example.Prefix.Length - 1);

    /// <summary><c>question rationale prefix answer EOS</c>, graded after the question: the explicit chain of thought.</summary>
    public static GradedRow Explicit(EncodedExample example) => new(
        [.. example.Question, .. example.Rationale, .. example.Prefix, .. example.Answer],
        example.Question.Length,
        example.Question.Length + example.Rationale.Length + example.Prefix.Length - 1);

    /// <summary>The totals of a step over these rows.</summary>
    public static StepTotals Totals(IReadOnlyList<EncodedExample> rows, Grading grading) => new(
        rows.Count,
        rows.Sum(row => row.Answer.Length + (grading == Grading.Answer ? 0 : row.Prefix.Length)),
        rows.Sum(row => row.Rationale.Length + row.Prefix.Length + row.Answer.Length));
}
