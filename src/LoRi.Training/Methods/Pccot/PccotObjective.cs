using LoRi.Models.Reasoning;
using LoRi.Models.Sequences;

namespace LoRi.Training.Methods.Pccot;

/// <summary>
/// PCCoT (Wu, Teng, Tu 2025, arXiv 2506.18582): CODI's self-distillation, but all latent steps are passed side by side and refined by a
/// few Jacobi sweeps. The level of the embeddings does not count in the distance of the anchors:
/// <c>mean over levels 1..L of SmoothL1(s_l, sg(t_l)) / std(t_l)</c>, or over one deviation of all levels.
/// </summary>
/// <param name="reasoning">Latent steps M and sweeps T.</param>
/// <param name="unit">The deviation that the distance of the anchors is divided by.</param>
/// <param name="distillationWeight">Weight of that distance, the published gamma.</param>
/// <param name="teacherWeight">Weight of the explicit chain's cross-entropy.</param>
/// <param name="grading">What is graded in the student's answer.</param>
internal sealed class PccotObjective(JacobiReasoning reasoning, AnchorUnit unit, double distillationWeight, double teacherWeight,
    Grading grading)
    : SelfDistillation(reasoning, new AnchorDistance(1, AnchorNorm.SmoothL1, unit), distillationWeight, teacherWeight, grading);
