using LoRi.Training.Trajectories;

namespace LoRi.Training.TeacherCaches;

/// <summary>Another source, whose states and anchors are hashed while they are read once.</summary>
/// <param name="source">The other source.</param>
/// <param name="progress">Told the rows that were read, batch by batch.</param>
internal sealed class HashedTrajectories(ITrajectorySource source, Action<int>? progress = null) : ITrajectorySource
{
    /// <summary>The SHA-256 of the batches' hashes, in the order of reading; known after a reading.</summary>
    public string Sha256 { get; private set; } = string.Empty;

    /// <inheritdoc/>
    public void ForEach(Action<TrajectoryBatch> use)
    {
        using var hash = new TrajectoryHash();
        var done = 0;
        source.ForEach(batch =>
        {
            using var trajectories = TrajectoryHash.Host(batch.Trajectories);
            using var anchors = TrajectoryHash.Host(batch.Anchors);
            hash.Add(trajectories, anchors);
            use(batch);
            progress?.Invoke(done += batch.Lengths.Length);
        });
        Sha256 = hash.Finish();
    }
}
