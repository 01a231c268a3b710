using LoRi.Models.Reasoning;
using LoRi.Models.Sequences;

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
internal sealed class CodiObjective(int latentSteps, double distillationWeight, double teacherWeight, Grading grading)
    : SelfDistillation(new SequentialReasoning(latentSteps), new AnchorDistance(0, AnchorNorm.SmoothL1, AnchorUnit.EachLevel),
        distillationWeight, teacherWeight, grading);
