using LoRi.Math;
using LoRi.Math.Fluent;
using LoRi.Models.Decoders;
using LoRi.Models.Reasoning;
using LoRi.Models.Sequences;
using LoRi.Models.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace LoRi.Training.Methods.LoRi;

/// <summary>
/// LoRi (Solgi, Tian, Zhang 2026, arXiv 2606.05315): the student's latent steps are pulled to the first and second moments of
/// the frozen teacher's chain of thought in a shared low-rank tensor subspace (rationale level), and its anchor states to the
/// teacher's (anchor level). The objective is the core's own specification on Torch tensors; autograd differentiates it.
/// </summary>
public sealed class LoRiMethod(LoRiTeacher teacher, LoRiWeights weights, int latentSteps, Grading grading) : ITrainingMethod
{
    /// <inheritdoc/>
    public string Name => "lori";

    /// <inheritdoc/>
    public AnswerMode AnswerMode => AnswerMode.Latent;

    /// <inheritdoc/>
    public int LatentSteps => latentSteps;

    /// <inheritdoc/>
    public Tensor Validate(ReasoningModel model, IReadOnlyList<EncodedExample> rows, StepTotals totals) =>
        TaskLoss.Latent(model, rows, latentSteps, grading, totals);

    /// <inheritdoc/>
    public IReadOnlyList<LossTerm> Losses(ReasoningModel model, IReadOnlyList<EncodedExample> rows, StepTotals totals)
    {
        var decoder = model.Weights();
        var latents = LatentPass.Run(model, decoder, [.. rows.Select(row => row.Question)], latentSteps, trajectory: true);
        var graded = rows.Select(row => StudentLayout.AfterLatents(row, model.Special.Eot, grading)).ToArray();
        var answer = GradedPass.Run(model, decoder, graded, levels: true, latents);
        var targets = teacher.Batch([.. rows.Select(row => row.Index)], model.Device);
        var subspace = teacher.Objective.Subspace;
        var terms = Objectives.Rationale(
            teacher.Objective,
            TypedTrajectories.TeacherCoordinates(subspace, Wide(targets.Coordinates)),
            targets.Lengths,
            TypedTrajectories.Student(subspace, Traced(latents.Trajectory!)));
        var anchor = Objectives.Anchor(
            teacher.Objective,
            TypedTrajectories.Anchors(subspace, Wide(targets.Anchors)),
            TypedTrajectories.Anchors(subspace, Traced(answer.Anchors())));
        return
        [
            new LossTerm("task", answer.CrossEntropySum.Over(totals.GradedTokens), 1),
            Term("mean", terms.Mean.PerExample, weights.Rationale * weights.Mean, totals),
            Term("covariance", terms.Covariance.PerExample, weights.Rationale * weights.Covariance, totals),
            Term("order", terms.Order.PerExample, weights.Rationale * weights.Order, totals),
            Term("anchor", anchor.PerExample, weights.Anchor, totals),
        ];
    }

    private static LossTerm Term(string name, RawTensor perRow, double weight, StepTotals totals) =>
        new(name, TorchTensor.Unwrap(perRow).sum().Over(totals.Rows), weight);

    /// <summary>The levels that the teacher's trajectories have.</summary>
    private TorchTensor Traced(Tensor levels) => Wide(teacher.Levels?.Select(levels) ?? levels);

    /// <summary>Moments are taken in float32 or better, whatever the decoder computes in.</summary>
    private static TorchTensor Wide(Tensor values) =>
        new(values.dtype == ScalarType.BFloat16 ? values.to(ScalarType.Float32) : values);
}
