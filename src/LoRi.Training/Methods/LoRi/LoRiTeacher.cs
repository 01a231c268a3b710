using LoRi.Math;
using LoRi.Math.Fluent;
using LoRi.Training.Tensors;
using LoRi.Training.Trajectories;
using TorchSharp;
using static TorchSharp.torch;

namespace LoRi.Training.Methods.LoRi;

/// <summary>What a frozen teacher leaves behind for its students: the subspace, the bound objective, coordinates and anchors.</summary>
public sealed class LoRiTeacher : IDisposable
{
    private readonly TeacherTargets targets;
    private readonly IReadOnlyList<IDisposable> constants;

    private LoRiTeacher(
        SharedSubspace subspace, BoundObjective objective, TracedLevels? levels, TeacherTargets targets, IReadOnlyList<IDisposable> constants)
    {
        (Subspace, Objective, Levels, this.targets, this.constants) = (subspace, objective, levels, targets, constants);
    }

    /// <summary>The fitted subspace.</summary>
    public SharedSubspace Subspace { get; }

    /// <summary>The objective, its constants on the training device.</summary>
    public BoundObjective Objective { get; }

    /// <summary>The levels that were traced, and so those of a student that are compared; all where null.</summary>
    public TracedLevels? Levels { get; }

    /// <summary>Rows whose rationale is empty.</summary>
    public int RowsWithoutRationale => targets.RowsWithoutRationale;

    /// <summary>Coordinates and anchors of some rows.</summary>
    public TargetBatch Batch(IReadOnlyList<int> rows, Device device) => targets.Batch(rows, device);

    /// <summary>Reads the corpus once (twice where it does not fit the spool), fits the subspace and writes the targets.</summary>
    /// <param name="source">The teacher's trajectories; rows are numbered 0 .. <paramref name="rows"/> - 1.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="settings">The fit and the objective.</param>
    /// <param name="path">Where the targets go.</param>
    /// <param name="like">A tensor of the device and dtype that students are compared in; left out, float32 on the CPU.</param>
    /// <exception cref="InputException">The corpus cannot carry such a subspace.</exception>
    public static LoRiTeacher Collect(ITrajectorySource source, int rows, LoRiSettings settings, string path, Tensor? like = null)
    {
        var subspace = TeacherFit.Fit(source, settings);
        return Project(source, rows, subspace, settings.Objective, path, like);
    }

    /// <summary>Writes the targets of a corpus in a subspace that was fitted before; <paramref name="levels"/> are those that the source traces.</summary>
    public static LoRiTeacher Project(
        ITrajectorySource source, int rows, SharedSubspace subspace, ObjectiveOptions objective, string path, Tensor? like = null, TracedLevels? levels = null)
    {
        using var host = zeros(1);
        var example = new TorchTensor(like ?? host);
        var (bound, constants) = Bind(subspace, objective, example);
        var targets = TeacherTargets.Write(path, source, rows, trajectories => TorchTensor.Unwrap(
            Coordinates(bound.Subspace, new TorchTensor(trajectories.to(example.Value.dtype).to(example.Value.device)))));
        return new LoRiTeacher(subspace, bound, levels, targets, constants);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        targets.Dispose();
        foreach (var constant in constants)
        {
            constant.Dispose();
        }
    }

    private static RawTensor Coordinates(BoundSubspace subspace, TorchTensor trajectories) => TypedTrajectories.Values(
        TypedTrajectories.Project(subspace, TypedTrajectories.Teacher(subspace, trajectories)));

    /// <summary>The objective and its constants, which no scope owns.</summary>
    private static (BoundObjective Objective, IReadOnlyList<IDisposable> Constants) Bind(
        SharedSubspace subspace, ObjectiveOptions objective, TorchTensor example)
    {
        using var scope = NewDisposeScope();
        try
        {
            var bound = Objectives.Bind(subspace, objective, example);
            var constants = scope.DisposablesView.ToArray();
            scope.Detach(constants);
            return (bound, constants);
        }
        catch (ArgumentException error)
        {
            throw new InputException(error.Message, error);
        }
    }
}
