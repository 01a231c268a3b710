using LoRi.Models;
using LoRi.Models.Decoders;
using LoRi.Models.Sequences;
using LoRi.Models.Tensors;
using static TorchSharp.torch;

namespace LoRi.Training.Methods.LatentCrossEntropy;

/// <summary>Latent steps trained by the answer's cross-entropy alone: LoRi without its teacher.</summary>
/// <param name="latentSteps">Latent steps M.</param>
/// <param name="grading">What is graded in the answer.</param>
internal sealed class LatentObjective(int latentSteps, Grading grading) : Objective<LatentRow>
{
    /// <inheritdoc/>
    public override IReadOnlyList<LatentRow> LayOut(IReadOnlyList<EncodedExample> rows, Moment now, SeededRandom draw) =>
        [.. rows.Select(row => LatentRow.Of(row, latentSteps, grading))];

    /// <inheritdoc/>
    public override int LengthOf(LatentRow row) => row.Length;

    /// <inheritdoc/>
    public override Totals Count(IReadOnlyList<LatentRow> rows) => new((Totals.Task, rows.Sum(row => row.Graded)));

    /// <inheritdoc/>
    public override Tensor Task(ReasoningModel model, IReadOnlyList<LatentRow> part, Totals whole) =>
        StudentPass.Run(model, model.Weights(), part).Answer.CrossEntropySum.Over(whole[Totals.Task]);
}
