using System.Security.Cryptography;
using LoRi.Training.Trajectories;
using TorchSharp;
using static TorchSharp.torch;

namespace LoRi.Training.TeacherCaches;

/// <summary>Another source, whose states and anchors are hashed while they are read once.</summary>
internal sealed class HashedTrajectories(ITrajectorySource source) : ITrajectorySource
{
    /// <summary>The SHA-256 of all states and anchors in float32, in the order of reading; known after a reading.</summary>
    public string Sha256 { get; private set; } = string.Empty;

    /// <inheritdoc/>
    public void ForEach(Action<TrajectoryBatch> use)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        source.ForEach(batch =>
        {
            Add(hash, batch.Trajectories);
            Add(hash, batch.Anchors);
            use(batch);
        });
        Sha256 = Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static void Add(IncrementalHash hash, Tensor values)
    {
        using var host = values.detach().to(ScalarType.Float32).cpu().contiguous();
        hash.AppendData(host.bytes);
    }
}
