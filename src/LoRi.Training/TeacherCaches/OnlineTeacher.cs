using LoRi.Files;
using LoRi.Math;
using LoRi.Models.Decoders;
using LoRi.Models.Sequences;
using LoRi.Models.Tensors;
using LoRi.Training.Teachers;
using LoRi.Training.Trajectories;
using static TorchSharp.torch;

namespace LoRi.Training.TeacherCaches;

/// <summary>A teacher that is asked for its states at every step: nothing but the subspace is kept.</summary>
internal static class OnlineTeacher
{
    /// <summary>Reads the corpus twice where no subspace is given: for the subspace, and for the variances of its coordinates.</summary>
    /// <param name="teacher">The frozen teacher; the result owns it.</param>
    /// <param name="source">Its trajectories over the training rows.</param>
    /// <param name="rows">The training rows.</param>
    /// <param name="settings">How the subspace is fitted and the objective is made.</param>
    /// <param name="given">A subspace that was fitted before.</param>
    /// <param name="levels">The traced levels.</param>
    /// <param name="like">A tensor of the device and dtype that students are compared in.</param>
    /// <param name="gradients">The gradients of the answer's loss with respect to the trajectories, for a subspace of gradients.</param>
    /// <param name="sourceSha256">The SHA-256 of the states that the subspace was fitted on; null where it was given.</param>
    /// <exception cref="InputException">The corpus cannot carry such a subspace.</exception>
    public static LoRiTeacher Fit(
        ReasoningModel teacher,
        ITrajectorySource source,
        IReadOnlyList<EncodedExample> rows,
        LoRiSettings settings,
        MeasuredSubspace? given,
        TracedLevels levels,
        Tensor like,
        ITrajectorySource? gradients,
        out string? sourceSha256)
    {
        ArgumentNullException.ThrowIfNull(settings);
        var hashed = new HashedTrajectories(source);
        var subspace = given ?? Measured(TeacherFit.Bases(hashed, settings, gradients), source, settings, like);
        sourceSha256 = given is null ? hashed.Sha256 : null;
        return LoRiTeacher.Of(
            subspace, settings.Objective, bound => new OnlineTargets(teacher, rows, levels, LoRiTeacher.Projecting(bound, like)), like,
            levels);
    }

    private static MeasuredSubspace Measured(FittedSubspace subspace, ITrajectorySource source, LoRiSettings settings, Tensor like)
    {
        using var scope = NewDisposeScope();
        var project = LoRiTeacher.Projecting(new BoundSubspace(subspace, new TorchTensor(like)), like);
        return TeacherFit.Measured(subspace, settings.Objective.Rationale, use => source.ForEach(batch => use(
            new TargetBatch(project(batch.Trajectories), batch.Lengths, batch.Anchors.to(like.dtype)))));
    }
}
