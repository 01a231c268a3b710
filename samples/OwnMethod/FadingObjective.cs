using LoRi.Models;
using LoRi.Models.Decoders;
using LoRi.Models.Sequences;
using LoRi.Training.Methods;
using static TorchSharp.torch;

namespace OwnMethod;

/// <summary>
/// Cross-entropy of a chain of thought that loses its first token every few steps, and of the answer after it: the model is left to do
/// inside what it no longer writes.
/// </summary>
/// <param name="every">Steps between two removals.</param>
public sealed class FadingObjective(int every) : Objective<GradedRow>
{
    /// <summary>Every removal is a point: the loss rises there on purpose.</summary>
    public override ICurriculum Curriculum { get; } = new Removals(every);

    /// <summary>What is left of each row at this step.</summary>
    public override IReadOnlyList<GradedRow> LayOut(IReadOnlyList<EncodedExample> rows, Moment now, SeededRandom draw)
    {
        var removed = Curriculum.PointAt(now);
        return [.. rows.Select(row =>
            GradedRow.Explicit(row with { Rationale = row.Rationale[Math.Min(removed, row.Rationale.Length)..] }))];
    }

    /// <summary>Tokens of a row.</summary>
    public override int LengthOf(GradedRow row) => row.Ids.Length;

    /// <summary>The graded tokens of a step.</summary>
    public override Totals Count(IReadOnlyList<GradedRow> rows) => new((Totals.Task, rows.Sum(row => row.Graded)));

    /// <summary>The cross-entropy of some rows over the tokens of the whole step.</summary>
    public override Tensor Task(ReasoningModel model, IReadOnlyList<GradedRow> part, Totals whole) =>
        GradedPass.Run(model, model.Weights(), part, levels: false).CrossEntropySum / whole[Totals.Task];

    private sealed class Removals(int every) : ICurriculum
    {
        public int PointAt(Moment now) => 1 + (now.Step / every);

        public bool ResetsOptimizer(Moment now, Func<IPreparedStep> before) => false;
    }
}
