using LoRi.Models.Decoders;
using LoRi.Models.Reasoning;
using LoRi.Models.Sequences;
using static TorchSharp.torch;

namespace LoRi.Training.Methods.LatentCrossEntropy;

/// <summary>Latent steps trained by the answer's cross-entropy alone: LoRi without its teacher.</summary>
public sealed class LatentCrossEntropyMethod(int latentSteps, Grading grading) : ITrainingMethod
{
    /// <inheritdoc/>
    public string Name => "latent-ce";

    /// <inheritdoc/>
    public AnswerMode AnswerMode => AnswerMode.Latent;

    /// <inheritdoc/>
    public int LatentSteps => latentSteps;

    /// <inheritdoc/>
    public Tensor Validate(ReasoningModel model, IReadOnlyList<EncodedExample> rows, StepTotals totals) =>
        TaskLoss.Latent(model, rows, latentSteps, grading, totals);

    /// <inheritdoc/>
    public IReadOnlyList<LossTerm> Losses(ReasoningModel model, IReadOnlyList<EncodedExample> rows, StepTotals totals) =>
        [new LossTerm("task", Validate(model, rows, totals), 1)];
}
