using LoRi.Models.Decoders;
using LoRi.Models.Reasoning;
using LoRi.Models.Sequences;
using static TorchSharp.torch;

namespace LoRi.Training.Methods.CotSft;

/// <summary>CoT-SFT: the explicit chain of thought, cross-entropy on everything after the question. The teacher.</summary>
public sealed class CotSftMethod : ITrainingMethod
{
    /// <inheritdoc/>
    public string Name => "cot";

    /// <inheritdoc/>
    public AnswerMode AnswerMode => AnswerMode.Explicit;

    /// <inheritdoc/>
    public int LatentSteps => 0;

    /// <inheritdoc/>
    public int TokensOf(EncodedExample row) => row.ExplicitLength;

    /// <inheritdoc/>
    public Tensor Validate(ReasoningModel model, IReadOnlyList<EncodedExample> rows, StepTotals totals) =>
        TaskLoss.Explicit(model, rows, totals);

    /// <inheritdoc/>
    public IReadOnlyList<LossTerm> Losses(ReasoningModel model, IReadOnlyList<EncodedExample> rows, StepTotals totals) =>
        [new LossTerm("task", Validate(model, rows, totals), 1)];
}
