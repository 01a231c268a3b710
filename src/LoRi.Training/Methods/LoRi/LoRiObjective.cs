using LoRi.Math;
using LoRi.Math.Fluent;
using LoRi.Models;
using LoRi.Models.Decoders;
using LoRi.Models.Sequences;
using LoRi.Models.Tensors;
using LoRi.Training.Teachers;
using static TorchSharp.torch;

namespace LoRi.Training.Methods.LoRi;

/// <summary>
/// LoRi (Solgi, Tian, Zhang 2026, arXiv 2606.05315): the student's latent steps are pulled to the first and second moments of
/// the frozen teacher's chain of thought in a shared low-rank tensor subspace (rationale level), and its anchor states to the
/// teacher's (anchor level). The objective is the core's own specification on Torch tensors; autograd differentiates it.
/// </summary>
internal sealed class LoRiObjective(LoRiTeacher teacher, LoRiWeights weights, int latentSteps, Grading grading) : Objective<LatentRow>
{
    /// <inheritdoc/>
    public override IReadOnlyList<LatentRow> LayOut(IReadOnlyList<EncodedExample> rows, Moment now, SeededRandom draw) =>
        [.. rows.Select(row => LatentRow.Of(row, latentSteps, grading))];

    /// <inheritdoc/>
    public override int LengthOf(LatentRow row) => row.Length;

    /// <inheritdoc/>
    public override Totals Count(IReadOnlyList<LatentRow> rows) =>
        new((Totals.Rows, rows.Count), (Totals.Task, rows.Sum(row => row.Graded)));

    /// <inheritdoc/>
    public override Tensor Task(ReasoningModel model, IReadOnlyList<LatentRow> part, Totals whole) =>
        StudentPass.Run(model, model.Weights(), part).Answer.CrossEntropySum.Over(whole[Totals.Task]);

    /// <inheritdoc/>
    public override IReadOnlyList<LossTerm> Losses(ReasoningModel model, IReadOnlyList<LatentRow> part, Totals whole)
    {
        var student = StudentPass.Run(model, model.Weights(), part, levels: true, trajectory: true);
        var targets = teacher.Batch([.. part.Select(row => row.Index)], model.Device);
        var subspace = teacher.Objective.Subspace;
        var terms = teacher.Rationale(targets, Traced(student.Latents.Trajectory!));
        var anchor = Objectives.Anchor(
            teacher.Objective,
            TypedTrajectories.Anchors(subspace, Wide(targets.Anchors)),
            TypedTrajectories.Anchors(subspace, Traced(student.Answer.Anchors())));
        return
        [
            new LossTerm("task", student.Answer.CrossEntropySum.Over(whole[Totals.Task]), 1),
            Term("mean", terms.Mean.PerExample, weights.Rationale * weights.Mean, whole),
            Term("covariance", terms.Covariance.PerExample, weights.Rationale * weights.Covariance, whole),
            Term("order", terms.Order.PerExample, weights.Rationale * weights.Order, whole),
            Term("anchor", anchor.PerExample, weights.Anchor, whole),
        ];
    }

    private static LossTerm Term(string name, RawTensor perRow, double weight, Totals whole) =>
        new(name, TorchTensor.Unwrap(perRow).sum().Over(whole[Totals.Rows]), weight);

    /// <summary>The levels that the teacher's trajectories have.</summary>
    private TorchTensor Traced(Tensor levels) => Wide(teacher.Levels?.Select(levels) ?? levels);

    private static TorchTensor Wide(Tensor values) => new(values.Widened());
}
