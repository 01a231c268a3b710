using System.Security.Cryptography;
using TorchSharp;
using static TorchSharp.torch;

namespace LoRi.Training.Trajectories;

/// <summary>
/// The SHA-256 of a corpus of trajectories: of the SHA-256 of every batch's states and anchors in float32, one after the other, so that
/// batches can be hashed by those who make them.
/// </summary>
internal sealed class TrajectoryHash : IDisposable
{
    private readonly IncrementalHash corpus = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    /// <summary>The bytes of a tensor in float32, on the host.</summary>
    public static Tensor Host(Tensor values) => values.detach().to(ScalarType.Float32).cpu().contiguous();

    /// <summary>Adds a batch.</summary>
    /// <param name="trajectories">Its states, as <see cref="Host"/> gives them.</param>
    /// <param name="anchors">Its anchors, likewise.</param>
    public void Add(Tensor trajectories, Tensor anchors)
    {
        using var batch = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        batch.AppendData(trajectories.bytes);
        batch.AppendData(anchors.bytes);
        corpus.AppendData(batch.GetHashAndReset());
    }

    /// <summary>The hash in lower-case hexadecimal; what follows is another corpus.</summary>
    public string Finish() => Convert.ToHexStringLower(corpus.GetHashAndReset());

    /// <inheritdoc/>
    public void Dispose() => corpus.Dispose();
}
