using LoRi.Training.Models;
using LoRi.Training.Sequences;

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
    public IReadOnlyList<LossTerm> Losses(ReasoningModel model, IReadOnlyList<EncodedExample> rows, StepTotals totals)
    {
        var weights = model.Weights();
        var latents = LatentPass.Run(model, weights, [.. rows.Select(row => row.Question)], latentSteps, trajectory: false);
        var graded = rows.Select(row => StudentLayout.AfterLatents(row, model.Special.Eot, grading)).ToArray();
        var answer = GradedPass.Run(model, weights, graded, levels: false, latents);
        return [new LossTerm("task", answer.CrossEntropySum / totals.GradedTokens, 1)];
    }
}
