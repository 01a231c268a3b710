using LoRi.Models.Decoders;
using LoRi.Models.Reasoning;
using LoRi.Models.Sequences;
using static TorchSharp.torch;

namespace LoRi.Training.Methods.NoCot;

/// <summary>No-CoT: question to answer, no rationale and no latents. The lower bound of every comparison.</summary>
public sealed class NoCotMethod(Grading grading) : ITrainingMethod
{
    /// <inheritdoc/>
    public string Name => "no-cot";

    /// <inheritdoc/>
    public AnswerMode AnswerMode => AnswerMode.Direct;

    /// <inheritdoc/>
    public int LatentSteps => 0;

    /// <inheritdoc/>
    public Tensor Validate(ReasoningModel model, IReadOnlyList<EncodedExample> rows, StepTotals totals) =>
        TaskLoss.Direct(model, rows, grading, totals);

    /// <inheritdoc/>
    public IReadOnlyList<LossTerm> Losses(ReasoningModel model, IReadOnlyList<EncodedExample> rows, StepTotals totals) =>
        [new LossTerm("task", Validate(model, rows, totals), 1)];
}
