using LoRi.Models.Decoders;
using LoRi.Models.Reasoning;
using LoRi.Models.Sequences;
using LoRi.Models.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace LoRi.Training.Methods.Codi;

/// <summary>
/// CODI (Shen et al. 2025, arXiv 2502.21074): self-distillation in one model. The same weights write the explicit chain and
/// take the latent steps; the student's anchor states are pulled to the teacher's at every level 0..L:
/// <c>mean over levels of SmoothL1(s_l, sg(t_l)) / std(t_l)</c>, the deviation unbiased, over the batch and components.
/// Masks are complete and positions count real tokens, unlike in the published code.
/// </summary>
/// <param name="latentSteps">Latent steps M.</param>
/// <param name="distillationWeight">Weight of the anchor loss (1 for GPT-2, 20 for Llama in the published scripts).</param>
/// <param name="teacherWeight">Weight of the explicit chain's cross-entropy.</param>
/// <param name="grading">What is graded in the student's answer.</param>
public sealed class CodiMethod(int latentSteps, double distillationWeight, double teacherWeight, Grading grading) : ITrainingMethod
{
    /// <inheritdoc/>
    public string Name => "codi";

    /// <inheritdoc/>
    public AnswerMode AnswerMode => AnswerMode.Latent;

    /// <inheritdoc/>
    public int LatentSteps => latentSteps;

    /// <inheritdoc/>
    public int TokensOf(EncodedExample row) => row.StudentLength(latentSteps) + row.ExplicitLength;

    /// <inheritdoc/>
    public Tensor Validate(ReasoningModel model, IReadOnlyList<EncodedExample> rows, StepTotals totals) =>
        TaskLoss.Latent(model, rows, latentSteps, grading, totals);

    /// <inheritdoc/>
    public IReadOnlyList<LossTerm> Losses(ReasoningModel model, IReadOnlyList<EncodedExample> rows, StepTotals totals)
    {
        var weights = model.Weights();
        var teacher = GradedPass.Run(model, weights, [.. rows.Select(StudentLayout.Explicit)], levels: true);
        var latents = LatentPass.Run(model, weights, [.. rows.Select(row => row.Question)], latentSteps, trajectory: false);
        var graded = rows.Select(row => StudentLayout.AfterLatents(row, model.Special.Eot, grading)).ToArray();
        var student = GradedPass.Run(model, weights, graded, levels: true, latents);
        var share = (double)rows.Count / totals.Rows;
        return
        [
            new LossTerm("task", student.CrossEntropySum.Over(totals.GradedTokens), 1),
            new LossTerm("teacher", teacher.CrossEntropySum.Over(totals.RationaleTokens), teacherWeight),
            new LossTerm("anchor", AnchorLoss(student.Anchors(first: 0), teacher.Anchors(first: 0).detach()).Times(share), distillationWeight),
        ];
    }

    /// <summary>Mean over levels of the smooth-L1 distance of anchors [B, levels, d], each level over its batch deviation.</summary>
    private static Tensor AnchorLoss(Tensor student, Tensor teacher)
    {
        var wide = student.dtype == ScalarType.BFloat16 ? ScalarType.Float32 : student.dtype;
        var (s, t) = (student.to(wide), teacher.to(wide));
        var distance = nn.functional.smooth_l1_loss(s, t, nn.Reduction.None).mean([0L, 2L]);
        var deviation = t.transpose(0, 1).reshape(t.shape[1], -1).std(1);
        return (distance / deviation).mean();
    }
}
