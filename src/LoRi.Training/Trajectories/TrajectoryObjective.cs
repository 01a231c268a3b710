using System.Globalization;
using LoRi.Files;
using LoRi.Math;
using LoRi.Math.Fluent;
using LoRi.Models.Tensors;
using static TorchSharp.torch;

namespace LoRi.Training.Trajectories;

/// <summary>The alignment losses of one example, unweighted.</summary>
/// <param name="Mean">First moments.</param>
/// <param name="Covariance">Second moments.</param>
/// <param name="Order">Statistics beyond them.</param>
/// <param name="Anchor">States at the anchor.</param>
public readonly record struct AlignmentLosses(double Mean, double Covariance, double Order, double Anchor);

/// <summary>Computes the alignment losses between two files of trajectories, in float64, without any training.</summary>
public static class TrajectoryObjective
{
    private const int BatchRows = 64;

    /// <summary>Numbers of the largest statistic of one batch: 32 MB.</summary>
    private const long BatchEntries = 4 << 20;

    /// <summary>The losses of every example, in the files' order. An example without teacher rationale has no rationale losses.</summary>
    /// <param name="subspace">The subspace, with the variances that the weighting needs.</param>
    /// <param name="options">Which statistics are compared, and how they are weighted.</param>
    /// <param name="teacher">The teacher's trajectories.</param>
    /// <param name="student">The student's, of the same examples.</param>
    /// <exception cref="InputException">The files do not belong together, or the subspace lacks what the objective needs.</exception>
    public static IReadOnlyList<AlignmentLosses> Compute(
        MeasuredSubspace subspace, ObjectiveOptions options, TrajectoryFiles teacher, TrajectoryFiles student)
    {
        ArgumentNullException.ThrowIfNull(subspace);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(teacher);
        ArgumentNullException.ThrowIfNull(student);
        CheckShapes(subspace.Fitted, teacher, student);
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        using var like = zeros(1, ScalarType.Float64);
        var objective = Bind(subspace, options, like);
        var losses = new AlignmentLosses[teacher.Count];
        var rowsAtOnce = (int)long.Clamp(BatchEntries / objective.ReportedEntries, 1, BatchRows);
        var groups = Enumerable.Range(0, teacher.Count)
            .Select(row => Checked(row, options, teacher, student))
            .GroupBy(student.Length)
            .SelectMany(group => group.OrderBy(teacher.Length).Chunk(rowsAtOnce));
        foreach (var rows in groups)
        {
            using var inner = NewDisposeScope();
            Compute(objective, options, (teacher, student), rows, losses);
            CheckFinite((teacher, student), rows, losses);
        }

        return losses;
    }

    /// <summary>Losses are squares of squares of states; what they sum to over all examples must be a number too.</summary>
    private static void CheckFinite((TrajectoryFiles Teacher, TrajectoryFiles Student) files, int[] rows, AlignmentLosses[] losses)
    {
        var limit = double.MaxValue / losses.Length;
        foreach (var row in rows)
        {
            var (mean, covariance, order, anchor) = losses[row];
            if (!Array.TrueForAll([mean, covariance, order, anchor], loss => double.Abs(loss) <= limit))
            {
                var (teacher, student) = (files.Teacher.Largest(row), files.Student.Largest(row));
                var (flag, guilty, largest) = teacher > student
                    ? ("--teacher", files.Teacher, teacher)
                    : ("--student", files.Student, student);
                throw new InputException($"{flag} {guilty.PathOf(row)}: example {guilty.Ids[row]} holds numbers as large as "
                    + $"{largest.ToString("G3", CultureInfo.InvariantCulture)}, whose losses are beyond float64; write trajectories of a "
                    + "model whose states are sound");
            }
        }
    }

    private static void Compute(
        BoundObjective objective, ObjectiveOptions options, (TrajectoryFiles Teacher, TrajectoryFiles Student) files, int[] rows,
        AlignmentLosses[] losses)
    {
        var subspace = objective.Subspace;
        var coordinates =
            TypedTrajectories.Project(subspace, TypedTrajectories.Teacher(subspace, new TorchTensor(files.Teacher.Trajectories(rows))));
        var lengths = rows.Select(files.Teacher.Length).ToArray();
        var terms = Objectives.Measure(
            objective, coordinates, lengths, TypedTrajectories.Student(subspace, new TorchTensor(files.Student.Trajectories(rows))));
        var anchors = options.Anchor.IsOff
            ? new double[rows.Length]
            : Anchors(objective, files, rows);
        var (means, covariances, orders) = (Numbers(terms.Mean), Numbers(terms.Covariance), Numbers(terms.Order));
        for (var i = 0; i < rows.Length; i++)
        {
            losses[rows[i]] = new AlignmentLosses(means[i], covariances[i], orders[i], anchors[i]);
        }
    }

    private static double[] Anchors(BoundObjective objective, (TrajectoryFiles Teacher, TrajectoryFiles Student) files, int[] rows) =>
        Numbers(Objectives.Anchor(
            objective,
            TypedTrajectories.Anchors(objective.Subspace, new TorchTensor(files.Teacher.Anchors(rows))),
            TypedTrajectories.Anchors(objective.Subspace, new TorchTensor(files.Student.Anchors(rows)))));

    private static double[] Numbers(LoRi.Math.Scalar perExample) => perExample.PerExample.ToArray();

    private static BoundObjective Bind(MeasuredSubspace subspace, ObjectiveOptions options, Tensor like)
    {
        try
        {
            return Objectives.Bind(subspace, options, new TorchTensor(like));
        }
        catch (MathException error)
        {
            throw error.ToInput();
        }
    }

    private static void CheckShapes(FittedSubspace subspace, TrajectoryFiles teacher, TrajectoryFiles student)
    {
        foreach (var (flag, files) in new[] { ("--teacher", teacher), ("--student", student) })
        {
            if ((files.Levels, files.Width) != (subspace.Levels, subspace.Width))
            {
                throw new InputException($"{flag}: the trajectories have {files.Levels} levels of {files.Width} components, "
                    + $"the subspace has {subspace.Levels} of {subspace.Width}; they must be of one model");
            }
        }

        if (teacher.Count != student.Count)
        {
            throw new InputException($"--teacher has {teacher.Count} examples and --student {student.Count}; both must have the same ones");
        }

        if (teacher.HasIds && student.HasIds)
        {
            CheckOrder(teacher.Ids, student.Ids);
        }
    }

    /// <summary>Examples are paired by their numbers: no question may stand at another number on the other side.</summary>
    private static void CheckOrder(IReadOnlyList<string> teacher, IReadOnlyList<string> student)
    {
        var rows = teacher.Select((id, row) => (id, row)).GroupBy(pair => pair.id, StringComparer.Ordinal)
            .Where(same => same.Count() == 1)
            .ToDictionary(same => same.Key, same => same.Single().row, StringComparer.Ordinal);
        for (var row = 0; row < student.Count; row++)
        {
            if (rows.TryGetValue(student[row], out var other) && other != row)
            {
                throw new InputException(
                    $"--student: example {row} is {student[row]}, which is example {other} of --teacher; both files must have the same "
                    + "examples in the same order");
            }
        }
    }

    private static int Checked(int row, ObjectiveOptions options, TrajectoryFiles teacher, TrajectoryFiles student)
    {
        if (teacher.Length(row) > 0 && student.Length(row) == 0)
        {
            throw new InputException($"--student: there is no trajectory.{row}, which --teacher has");
        }

        foreach (var (flag, files) in new[] { ("--teacher", teacher), ("--student", student) })
        {
            if (!options.Anchor.IsOff && !files.HasAnchor(row))
            {
                throw new InputException($"{flag}: there is no anchor.{row}; leave anchors out with --anchor off");
            }
        }

        return row;
    }
}
