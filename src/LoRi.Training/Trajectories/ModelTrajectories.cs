using LoRi.Training.Methods;
using LoRi.Training.Models;
using LoRi.Training.Sequences;
using TorchSharp;
using static TorchSharp.torch;

namespace LoRi.Training.Trajectories;

/// <summary>Which decoder blocks are traced, as indices into levels 1..L.</summary>
public sealed record TracedLevels(IReadOnlyList<int> Indices)
{
    /// <summary>All L levels.</summary>
    public static TracedLevels All(int layers) => new([.. Enumerable.Range(0, layers)]);

    /// <summary>The traced ones of levels along dimension 1; the tensor itself where all are traced.</summary>
    public Tensor Select(Tensor levels) => Indices.Count == levels.shape[1]
        ? levels
        : levels.index_select(1, tensor([.. Indices.Select(index => (long)index)], ScalarType.Int64).to(levels.device));
}

/// <summary>Trajectories that the teacher computes, one pass over all examples each time they are read.</summary>
public sealed class ModelTrajectories(
    ReasoningModel teacher, IReadOnlyList<EncodedExample> examples, TracedLevels levels, int batchSize, Action<int>? progress = null) : ITrajectorySource
{
    /// <inheritdoc/>
    public void ForEach(Action<TrajectoryBatch> use)
    {
        using var guard = no_grad();
        var done = 0;
        foreach (var rows in examples.OrderBy(example => example.Rationale.Length).Chunk(batchSize))
        {
            using var scope = NewDisposeScope();
            use(Compute(rows));
            progress?.Invoke(done += rows.Length);
        }
    }

    private TrajectoryBatch Compute(EncodedExample[] rows)
    {
        var pass = GradedPass.Run(teacher, teacher.Weights(), [.. rows.Select(StudentLayout.Explicit)], levels: true);
        var longest = System.Math.Max(1, rows.Max(row => row.Rationale.Length));
        var padded = rows.Select((row, index) =>
        {
            var length = row.Rationale.Length;
            var states = pass.Slice(index, row.Question.Length, length);
            return length == longest ? states : nn.functional.pad(states, [0, 0, 0, longest - length]);
        });
        var trajectories = levels.Select(stack(padded, 0));
        return new TrajectoryBatch(
            [.. rows.Select(row => row.Index)], trajectories, [.. rows.Select(row => row.Rationale.Length)], levels.Select(pass.Anchors()));
    }
}
