using LoRi.Files;
using LoRi.Math;
using LoRi.Math.Fluent;
using LoRi.Models.Tensors;
using LoRi.Training.Trajectories;
using static TorchSharp.torch;

namespace LoRi.Training.Teachers;

/// <summary>What a frozen teacher leaves behind for its students: the subspace, the bound objective, coordinates and anchors.</summary>
internal sealed class LoRiTeacher : IDisposable
{
    private readonly List<IDisposable> constants;
    private ITeacherTargets targets;
    private CorpusMoments? means;

    private LoRiTeacher(
        BoundObjective objective, TracedLevels? levels, ITeacherTargets targets, IReadOnlyList<IDisposable> constants)
    {
        (Objective, Levels, this.targets, this.constants) = (objective, levels, targets, [.. constants]);
    }

    /// <summary>The subspace, with what was measured of its corpus.</summary>
    public MeasuredSubspace Subspace => Objective.Measured;

    /// <summary>The objective, its constants on the training device.</summary>
    public BoundObjective Objective { get; }

    /// <summary>The levels that were traced, and so those of a student that are compared; all where null.</summary>
    public TracedLevels? Levels { get; }

    /// <summary>Rows whose rationale is empty.</summary>
    public int RowsWithoutRationale => targets.RowsWithoutRationale;

    /// <summary>Coordinates and anchors of some rows.</summary>
    public TargetBatch Batch(IReadOnlyList<int> rows, Device device) => targets.Batch(rows, device);

    /// <summary>The rationale terms of some rows' targets against the student's raw states [B, L, M, d].</summary>
    public RationaleTerms Rationale(TargetBatch batch, TorchTensor student)
    {
        var subspace = Objective.Subspace;
        var states = TypedTrajectories.Student(subspace, student);
        return means is { } all
            ? Controls.Rationale(Objective, all, batch.Lengths, states)
            : Objectives.Rationale(
                Objective, TypedTrajectories.TeacherCoordinates(subspace, new TorchTensor(batch.Coordinates.Widened())), batch.Lengths,
                states);
    }

    /// <summary>Pulls every row to the mean of the statistics over all rows, for a control.</summary>
    /// <param name="batches">The numbers of all rows, in batches.</param>
    /// <param name="like">A tensor of the device and dtype that students are compared in.</param>
    /// <exception cref="MathException">No row has a token, or the covariance is too large.</exception>
    public void PullToMeans(IEnumerable<int[]> batches, Tensor like)
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var sums = new MeanMoments(Objective);
        foreach (var rows in batches)
        {
            using var inner = NewDisposeScope();
            var batch = targets.Batch(rows, like.device);
            Controls.Add(sums, new TorchTensor(batch.Coordinates.to(like.dtype)), batch.Lengths);
        }

        means = Controls.Finish(sums, new TorchTensor(like));
        foreach (var tensor in means.Tensors.Select(TorchTensor.Unwrap))
        {
            scope.Detach(tensor);
            constants.Add(tensor);
        }
    }

    /// <summary>Puts other targets in the place of the rows' own, for a control; they dispose of those that they stand on.</summary>
    public void Replace(Func<ITeacherTargets, ITeacherTargets> control) => targets = control(targets);

    /// <summary>Reads the corpus, fits the subspace and writes the targets into one file.</summary>
    /// <param name="source">The teacher's trajectories.</param>
    /// <param name="settings">The fit and the objective.</param>
    /// <param name="path">Where the targets go.</param>
    /// <param name="like">A tensor of the device and dtype that students are compared in; left out, float32 on the CPU.</param>
    /// <exception cref="InputException">The corpus cannot carry such a subspace.</exception>
    public static LoRiTeacher Collect(ITrajectorySource source, LoRiSettings settings, string path, Tensor? like = null)
    {
        var subspace = TeacherFit.Fit(source, settings);
        return Project(source, subspace, settings.Objective, path, like);
    }

    /// <summary>
    /// Writes the targets of a corpus in a subspace that was fitted before; <paramref name="levels"/> are those that the source
    /// traces.
    /// </summary>
    public static LoRiTeacher Project(
        ITrajectorySource source, MeasuredSubspace subspace, ObjectiveOptions objective, string path, Tensor? like = null,
        TracedLevels? levels = null)
    {
        using var host = zeros(1);
        var example = like ?? host;
        return Of(subspace, objective, bound => TeacherTargets.Write(path, source, Projecting(bound, example)), example, levels);
    }

    /// <summary>A teacher whose targets come from elsewhere.</summary>
    /// <param name="subspace">The subspace, with the variances that the objective needs.</param>
    /// <param name="objective">Which terms, and how.</param>
    /// <param name="targets">The targets in the subspace as it is bound to the training device.</param>
    /// <param name="like">A tensor of the device and dtype that students are compared in.</param>
    /// <param name="levels">The levels that were traced; all where null.</param>
    /// <exception cref="InputException">The subspace lacks something that the objective needs.</exception>
    public static LoRiTeacher Of(
        MeasuredSubspace subspace, ObjectiveOptions objective, Func<BoundSubspace, ITeacherTargets> targets, Tensor like,
        TracedLevels? levels)
    {
        var (bound, constants) = Bind(subspace, objective, new TorchTensor(like));
        try
        {
            return new LoRiTeacher(bound, levels, targets(bound.Subspace), constants);
        }
        catch
        {
            Dispose(constants);
            throw;
        }
    }

    /// <summary>
    /// Coordinates [B, r_L, T, r_d] of raw trajectories [B, L, T, d], in the dtype and on the device of <paramref name="like"/>.
    /// </summary>
    internal static Func<Tensor, Tensor> Projecting(BoundSubspace subspace, Tensor like)
    {
        var (dtype, device) = (like.dtype, like.device);
        return trajectories => TorchTensor.Unwrap(Coordinates(subspace, new TorchTensor(trajectories.to(dtype).to(device))));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        targets.Dispose();
        Dispose(constants);
    }

    private static void Dispose(IReadOnlyList<IDisposable> constants)
    {
        foreach (var constant in constants)
        {
            constant.Dispose();
        }
    }

    private static RawTensor Coordinates(BoundSubspace subspace, TorchTensor trajectories) => TypedTrajectories.Values(
        TypedTrajectories.Project(subspace, TypedTrajectories.Teacher(subspace, trajectories)));

    /// <summary>The objective and its constants, which no scope owns.</summary>
    private static (BoundObjective Objective, IReadOnlyList<IDisposable> Constants) Bind(
        MeasuredSubspace subspace, ObjectiveOptions objective, TorchTensor example)
    {
        using var scope = NewDisposeScope();
        try
        {
            var bound = Objectives.Bind(subspace, objective, example);
            var constants = scope.DisposablesView.ToArray();
            scope.Detach(constants);
            return (bound, constants);
        }
        catch (MathException error)
        {
            throw error.ToInput();
        }
    }
}
