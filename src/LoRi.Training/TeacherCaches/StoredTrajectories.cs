using LoRi.Training.Trajectories;
using static TorchSharp.torch;

namespace LoRi.Training.TeacherCaches;

/// <summary>States that a cache keeps on disk, in the batches in which the teacher computed them.</summary>
internal sealed class StoredTrajectories(TeacherTargets states, IReadOnlyList<int[]> batches) : IBatchedTrajectories
{
    /// <inheritdoc/>
    public IReadOnlyList<int[]> Batches => batches;

    /// <inheritdoc/>
    public void ForEach(Action<TrajectoryBatch> use)
    {
        for (var batch = 0; batch < batches.Count; batch++)
        {
            using var scope = NewDisposeScope();
            use(Read(batch));
        }
    }

    /// <inheritdoc/>
    public TrajectoryBatch Read(int batch)
    {
        var found = states.Batch(batches[batch], CPU);
        return new TrajectoryBatch(batches[batch], found.Coordinates, found.Lengths, found.Anchors);
    }
}
