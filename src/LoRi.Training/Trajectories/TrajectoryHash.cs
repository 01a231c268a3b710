using System.Text;
using LoRi.Files.Disk;
using static TorchSharp.torch;

namespace LoRi.Training.Trajectories;

/// <summary>
/// The SHA-256 of a corpus of trajectories: of the SHA-256 of every batch's states and anchors in float32, one after the other, so that
/// batches can be hashed by those who make them.
/// </summary>
internal sealed class TrajectoryHash : IDisposable
{
    private readonly ContentHash corpus = new();

    /// <summary>The bytes of a tensor in float32, on the host.</summary>
    public static Tensor Host(Tensor values) => values.detach().to(ScalarType.Float32).cpu().contiguous();

    /// <summary>Adds a batch.</summary>
    /// <param name="trajectories">Its states, as <see cref="Host"/> gives them.</param>
    /// <param name="anchors">Its anchors, likewise.</param>
    public void Add(Tensor trajectories, Tensor anchors)
    {
        using var batch = new ContentHash();
        batch.Add(trajectories.bytes);
        batch.Add(anchors.bytes);
        corpus.Add(Encoding.ASCII.GetBytes(batch.Take()));
    }

    /// <summary>The hash in lower-case hexadecimal; what follows is another corpus.</summary>
    public string Finish() => corpus.Take();

    /// <inheritdoc/>
    public void Dispose() => corpus.Dispose();
}
