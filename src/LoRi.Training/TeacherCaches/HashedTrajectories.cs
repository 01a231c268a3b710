using LoRi.Files.Disk;
using LoRi.Training.Trajectories;
using TorchSharp;
using static TorchSharp.torch;

namespace LoRi.Training.TeacherCaches;

/// <summary>Another source, whose states and anchors are hashed while they are read once.</summary>
/// <param name="source">The other source.</param>
/// <param name="progress">Told the rows that were read, batch by batch.</param>
internal sealed class HashedTrajectories(ITrajectorySource source, Action<int>? progress = null) : ITrajectorySource
{
    /// <summary>The SHA-256 of all states and anchors in float32, in the order of reading; known after a reading.</summary>
    public string Sha256 { get; private set; } = string.Empty;

    /// <inheritdoc/>
    public void ForEach(Action<TrajectoryBatch> use)
    {
        using var hash = new ContentHash();
        var done = 0;
        source.ForEach(batch =>
        {
            Add(hash, batch.Trajectories);
            Add(hash, batch.Anchors);
            use(batch);
            progress?.Invoke(done += batch.Lengths.Length);
        });
        Sha256 = hash.Take();
    }

    private static void Add(ContentHash hash, Tensor values)
    {
        using var host = values.detach().to(ScalarType.Float32).cpu().contiguous();
        hash.Add(host.bytes);
    }
}
