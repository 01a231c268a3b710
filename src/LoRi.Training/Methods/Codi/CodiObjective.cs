using LoRi.Models;
using LoRi.Models.Decoders;
using LoRi.Models.Sequences;
using LoRi.Models.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace LoRi.Training.Methods.Codi;

/// <summary>A row of CODI: the student's sequence and the explicit one.</summary>
public sealed record CodiRow(LatentRow Student, GradedRow Teacher);

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
public sealed class CodiObjective(int latentSteps, double distillationWeight, double teacherWeight, Grading grading) : Objective<CodiRow>
{
    private const string Teacher = "teacher";

    /// <inheritdoc/>
    public override IReadOnlyList<CodiRow> LayOut(IReadOnlyList<EncodedExample> rows, Moment now, SeededRandom draw) =>
        [.. rows.Select(row => new CodiRow(LatentRow.Of(row, latentSteps, grading), GradedRow.Explicit(row)))];

    /// <inheritdoc/>
    public override int LengthOf(CodiRow row) => row.Student.Length + row.Teacher.Ids.Length;

    /// <inheritdoc/>
    public override Totals Count(IReadOnlyList<CodiRow> rows) => new(
        (Totals.Rows, rows.Count), (Totals.Task, rows.Sum(row => row.Student.Graded)), (Teacher, rows.Sum(row => row.Teacher.Graded)));

    /// <inheritdoc/>
    public override Tensor Task(ReasoningModel model, IReadOnlyList<CodiRow> part, Totals whole) =>
        StudentPass.Run(model, model.Weights(), Students(part)).Answer.CrossEntropySum.Over(whole[Totals.Task]);

    /// <inheritdoc/>
    public override IReadOnlyList<LossTerm> Losses(ReasoningModel model, IReadOnlyList<CodiRow> part, Totals whole)
    {
        var weights = model.Weights();
        var teacher = GradedPass.Run(model, weights, [.. part.Select(row => row.Teacher)], levels: true);
        var student = StudentPass.Run(model, weights, Students(part), levels: true).Answer;
        var share = (double)part.Count / whole[Totals.Rows];
        return
        [
            new LossTerm("task", student.CrossEntropySum.Over(whole[Totals.Task]), 1),
            new LossTerm(Teacher, teacher.CrossEntropySum.Over(whole[Teacher]), teacherWeight),
            new LossTerm("anchor", AnchorLoss(student.Anchors(first: 0), teacher.Anchors(first: 0).detach()).Times(share), distillationWeight),
        ];
    }

    private static LatentRow[] Students(IReadOnlyList<CodiRow> rows) => [.. rows.Select(row => row.Student)];

    /// <summary>Mean over levels of the smooth-L1 distance of anchors [B, levels, d], each level over its batch deviation.</summary>
    private static Tensor AnchorLoss(Tensor student, Tensor teacher)
    {
        var (s, t) = (student.Widened(), teacher.Widened());
        var distance = nn.functional.smooth_l1_loss(s, t, nn.Reduction.None).mean([0L, 2L]);
        var deviation = t.transpose(0, 1).reshape(t.shape[1], -1).std(1);
        return (distance / deviation).mean();
    }
}
