using LoRi.Models.Decoders;
using LoRi.Models.Sequences;
using static TorchSharp.torch;

namespace LoRi.Training.Trajectories;

/// <summary>Which decoder blocks are traced, as indices into levels 1..L.</summary>
internal sealed record TracedLevels(IReadOnlyList<int> Indices)
{
    /// <summary>All L levels.</summary>
    public static TracedLevels All(int layers) => new([.. Enumerable.Range(0, layers)]);

    /// <summary>The traced ones of levels along dimension 1; the tensor itself where all are traced.</summary>
    public Tensor Select(Tensor levels) => Indices.Count == levels.shape[1]
        ? levels
        : levels.index_select(1, tensor([.. Indices.Select(index => (long)index)], ScalarType.Int64).to(levels.device));
}

/// <summary>
/// Trajectories that the teacher computes, one pass over all examples each time they are read; examples of similar length go
/// together.
/// </summary>
internal sealed class ModelTrajectories : IBatchedTrajectories
{
    private readonly ReasoningModel teacher;
    private readonly TracedLevels levels;
    private readonly EncodedExample[][] batches;
    private readonly bool gradients;
    private readonly Action<int>? progress;

    /// <summary>
    /// The examples of a data set in batches of a size; <paramref name="progress"/> receives the rows up to each batch that is
    /// read. With <paramref name="gradients"/> those of the answer's loss with respect to the states stand in their place.
    /// </summary>
    public ModelTrajectories(
        ReasoningModel teacher, IReadOnlyList<EncodedExample> examples, TracedLevels levels, int batchSize, Action<int>? progress = null,
        bool gradients = false)
    {
        ArgumentNullException.ThrowIfNull(examples);
        (this.teacher, this.levels, this.progress, this.gradients) = (teacher, levels, progress, gradients);
        batches = Batched(examples, batchSize);
        Batches = [.. batches.Select(rows => rows.Select(row => row.Index).ToArray())];
    }

    /// <inheritdoc/>
    public IReadOnlyList<int[]> Batches { get; }

    /// <inheritdoc/>
    public void ForEach(Action<TrajectoryBatch> use)
    {
        ArgumentNullException.ThrowIfNull(use);
        using var guard = no_grad();
        for (var batch = 0; batch < batches.Length; batch++)
        {
            using var scope = NewDisposeScope();
            use(Read(batch));
        }
    }

    /// <inheritdoc/>
    public TrajectoryBatch Read(int batch)
    {
        var states = gradients ? Gradients(teacher, batches[batch], levels) : Compute(teacher, batches[batch], levels);
        progress?.Invoke((batch * batches[0].Length) + batches[batch].Length);
        return states;
    }

    /// <summary>The examples by the number of their traced tokens, in batches.</summary>
    internal static EncodedExample[][] Batched(IReadOnlyList<EncodedExample> examples, int batchSize) =>
        [.. examples.OrderBy(example => example.TracedLength).Chunk(batchSize)];

    /// <summary>The teacher's states for some examples, in one pass without gradients.</summary>
    internal static TrajectoryBatch Compute(ReasoningModel teacher, IReadOnlyList<EncodedExample> rows, TracedLevels levels)
    {
        using var guard = no_grad();
        return Traced(GradedPass.Run(teacher, teacher.Weights(), [.. rows.Select(GradedRow.Explicit)], levels: true), rows, levels);
    }

    /// <summary>The gradients of every example's answer loss, summed over its tokens, with respect to the teacher's states.</summary>
    private static TrajectoryBatch Gradients(ReasoningModel teacher, IReadOnlyList<EncodedExample> rows, TracedLevels levels)
    {
        using var guard = enable_grad();
        using var scope = NewDisposeScope();
        var pass = GradedPass.Run(teacher, teacher.Weights(), [.. rows.Select(GradedRow.Answer)], levels: true, ofStates: true);
        var found = Traced(pass.Gradients(), rows, levels);
        return found with
        {
            Trajectories = found.Trajectories.detach().MoveToOuterDisposeScope(),
            Anchors = found.Anchors.detach().MoveToOuterDisposeScope(),
        };
    }

    private static TrajectoryBatch Traced(GradedPass pass, IReadOnlyList<EncodedExample> rows, TracedLevels levels)
    {
        var longest = System.Math.Max(1, rows.Max(row => row.TracedLength));
        var padded = rows.Select((row, index) =>
        {
            var length = row.TracedLength;
            var states = pass.Slice(index, row.TracedStart, length);
            return length == longest ? states : nn.functional.pad(states, [0, 0, 0, longest - length]);
        });
        var trajectories = levels.Select(stack(padded, 0));
        return new TrajectoryBatch(
            [.. rows.Select(row => row.Index)], trajectories, [.. rows.Select(row => row.TracedLength)], levels.Select(pass.Anchors()));
    }
}
