using LoRi.Training.Models;
using LoRi.Training.Sequences;

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
    public IReadOnlyList<LossTerm> Losses(ReasoningModel model, IReadOnlyList<EncodedExample> rows, StepTotals totals)
    {
        var pass = GradedPass.Run(model, model.Weights(), [.. rows.Select(row => StudentLayout.Direct(row, grading))], levels: false);
        return [new LossTerm("task", pass.CrossEntropySum / totals.GradedTokens, 1)];
    }
}
