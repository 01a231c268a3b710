namespace LoRi.Models.Sequences;

/// <summary>A row of a right-padded pass: its ids, which of them are graded, and where its anchor is.</summary>
/// <param name="Ids">All ids.</param>
/// <param name="GradedFrom">Index of the first graded id; it and all after it are predicted by the position before.</param>
/// <param name="Anchor">Index of the last prefix token.</param>
public sealed record GradedRow(int[] Ids, int GradedFrom, int Anchor)
{
    /// <summary>Whether the last id is fed as well, although nothing is predicted from it: for what is read of a pass beside its
    /// predictions.</summary>
    public bool FeedsLast { get; init; }

    /// <summary>Positions that stay empty before one of its ids; null where none do.</summary>
    public PositionGap? Gap { get; init; }

    /// <summary>How many ids are graded.</summary>
    public int Graded => Ids.Length - GradedFrom;

    /// <summary><c>question prefix answer EOS</c>: no reasoning at all.</summary>
    /// <param name="example">The problem as ids.</param>
    /// <param name="grading">Which tokens are graded.</param>
    public static GradedRow Direct(EncodedExample example, Grading grading) => new(
        [.. example.Question, .. example.Prefix, .. example.Answer],
        grading == Grading.Answer ? example.Question.Length + example.Prefix.Length : example.Question.Length,
        example.Question.Length + example.Prefix.Length - 1);

    /// <summary>The same ids, of which the answer alone is graded.</summary>
    /// <param name="example">The problem as ids.</param>
    public static GradedRow Answer(EncodedExample example) =>
        Explicit(example) with { GradedFrom = example.Question.Length + example.Rationale.Length + example.Prefix.Length };

    /// <summary><c>question rationale prefix answer EOS</c>, graded after the question: the explicit chain of thought.</summary>
    /// <param name="example">The problem as ids.</param>
    public static GradedRow Explicit(EncodedExample example) => new(
        [.. example.Question, .. example.Rationale, .. example.Prefix, .. example.Answer],
        example.Question.Length,
        example.Question.Length + example.Rationale.Length + example.Prefix.Length - 1);
}
