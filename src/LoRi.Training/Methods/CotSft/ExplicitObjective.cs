using LoRi.Models;
using LoRi.Models.Decoders;
using LoRi.Models.Sequences;
using LoRi.Models.Tensors;
using static TorchSharp.torch;

namespace LoRi.Training.Methods.CotSft;

/// <summary>CoT-SFT: the explicit chain of thought, cross-entropy on everything after the question. The teacher.</summary>
public sealed class ExplicitObjective : Objective<GradedRow>
{
    /// <inheritdoc/>
    public override IReadOnlyList<GradedRow> LayOut(IReadOnlyList<EncodedExample> rows, Moment now, SeededRandom draw) =>
        [.. rows.Select(GradedRow.Explicit)];

    /// <inheritdoc/>
    public override int LengthOf(GradedRow row) => row.Ids.Length;

    /// <inheritdoc/>
    public override Totals Count(IReadOnlyList<GradedRow> rows) => new((Totals.Task, rows.Sum(row => row.Graded)));

    /// <inheritdoc/>
    public override Tensor Task(ReasoningModel model, IReadOnlyList<GradedRow> part, Totals whole) =>
        GradedPass.Run(model, model.Weights(), part, levels: false).CrossEntropySum.Over(whole[Totals.Task]);
}
