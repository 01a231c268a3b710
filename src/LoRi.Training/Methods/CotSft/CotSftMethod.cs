using LoRi.Training.Models;
using LoRi.Training.Sequences;

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
    public IReadOnlyList<LossTerm> Losses(ReasoningModel model, IReadOnlyList<EncodedExample> rows, StepTotals totals)
    {
        var pass = GradedPass.Run(model, model.Weights(), [.. rows.Select(StudentLayout.Explicit)], levels: false);
        return [new LossTerm("task", pass.CrossEntropySum / totals.RationaleTokens, 1)];
    }
}
