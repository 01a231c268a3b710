using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace LoRi.Training.Trajectories;

/// <summary>
/// Another source, kept on disk in float32 while it is read for the first time, so that a second reading costs no pass of
/// the teacher. The scratch file vanishes with this object. Where the corpus is larger than the limit the source is simply
/// read again.
/// </summary>
internal sealed class SpooledTrajectories : ITrajectorySource, IDisposable
{
    private readonly ITrajectorySource source;
    private readonly FileStream scratch;
    private readonly long limit;
    private readonly TrajectoryHash hash = new();
    private readonly List<(int[] Rows, int[] Lengths, long[] Shape)> index = [];
    private bool complete;
    private bool overflowed;

    /// <summary>
    /// Wraps a source; the scratch file goes into <paramref name="folder"/> and holds at most <paramref name="limit"/> bytes.
    /// </summary>
    public SpooledTrajectories(ITrajectorySource source, string folder, long limit)
    {
        (this.source, this.limit) = (source, limit);
        Directory.CreateDirectory(folder);
        scratch = new FileStream(
            Path.Combine(folder, $"trajectories-{Guid.NewGuid():N}.tmp"), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1 << 20,
            FileOptions.DeleteOnClose);
    }

    /// <summary>Whether a further reading comes from disk.</summary>
    public bool Spooled => complete && !overflowed;

    /// <summary>The SHA-256 of the batches' hashes, in the order of reading; known after the first reading.</summary>
    public string Sha256 { get; private set; } = string.Empty;

    /// <inheritdoc/>
    public void ForEach(Action<TrajectoryBatch> use)
    {
        if (Spooled)
        {
            Replay(use);
        }
        else if (complete)
        {
            source.ForEach(use);
        }
        else
        {
            source.ForEach(batch =>
            {
                Keep(batch);
                use(batch);
            });
            complete = true;
            Sha256 = hash.Finish();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        scratch.Dispose();
        hash.Dispose();
    }

    private void Keep(TrajectoryBatch batch)
    {
        overflowed = overflowed || scratch.Position + (4 * (batch.Trajectories.numel() + batch.Anchors.numel())) > limit;
        if (!overflowed)
        {
            index.Add((batch.Rows, batch.Lengths, batch.Trajectories.shape));
        }

        using var trajectories = TrajectoryHash.Host(batch.Trajectories);
        using var anchors = TrajectoryHash.Host(batch.Anchors);
        hash.Add(trajectories, anchors);
        if (!overflowed)
        {
            scratch.Write(trajectories.bytes);
            scratch.Write(anchors.bytes);
        }
    }

    private void Replay(Action<TrajectoryBatch> use)
    {
        scratch.Position = 0;
        foreach (var (rows, lengths, shape) in index)
        {
            using var scope = NewDisposeScope();
            use(new TrajectoryBatch(rows, Read(shape), lengths, Read([shape[0], shape[1], shape[3]])));
        }
    }

    private Tensor Read(long[] shape)
    {
        var values = new float[shape.Aggregate(1L, (product, size) => product * size)];
        scratch.ReadExactly(MemoryMarshal.AsBytes(values.AsSpan()));
        return tensor(values, shape);
    }
}
