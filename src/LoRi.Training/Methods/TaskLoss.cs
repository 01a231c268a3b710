using LoRi.Models.Decoders;
using LoRi.Models.Sequences;
using LoRi.Models.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace LoRi.Training.Methods;

/// <summary>Cross-entropy of the graded tokens, divided by those of the whole step: what every method has, and validation's measure.</summary>
public static class TaskLoss
{
    /// <summary>After latent steps.</summary>
    public static Tensor Latent(ReasoningModel model, IReadOnlyList<EncodedExample> rows, int latentSteps, Grading grading, StepTotals totals)
    {
        var weights = model.Weights();
        var latents = LatentPass.Run(model, weights, [.. rows.Select(row => row.Question)], latentSteps, trajectory: false);
        var graded = rows.Select(row => StudentLayout.AfterLatents(row, model.Special.Eot, grading)).ToArray();
        return GradedPass.Run(model, weights, graded, levels: false, latents).CrossEntropySum.Over(totals.GradedTokens);
    }

    /// <summary>Straight after the question.</summary>
    public static Tensor Direct(ReasoningModel model, IReadOnlyList<EncodedExample> rows, Grading grading, StepTotals totals) =>
        GradedPass.Run(model, model.Weights(), [.. rows.Select(row => StudentLayout.Direct(row, grading))], levels: false).CrossEntropySum.Over(totals.GradedTokens);

    /// <summary>Of the explicit chain of thought and the answer.</summary>
    public static Tensor Explicit(ReasoningModel model, IReadOnlyList<EncodedExample> rows, StepTotals totals) =>
        GradedPass.Run(model, model.Weights(), [.. rows.Select(StudentLayout.Explicit)], levels: false).CrossEntropySum.Over(totals.RationaleTokens);
}
