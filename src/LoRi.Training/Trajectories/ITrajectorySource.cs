using static TorchSharp.torch;

namespace LoRi.Training.Trajectories;

/// <summary>The teacher's states for some examples. Tensors belong to the scope that is open while a batch is used.</summary>
/// <param name="Rows">Row numbers of the examples.</param>
/// <param name="Trajectories">Levels at the rationale's tokens, [B, L, T, d], padded behind; T is at least 1.</param>
/// <param name="Lengths">Rationale tokens of each example; may be 0.</param>
/// <param name="Anchors">Levels at the anchors, [B, L, d].</param>
public sealed record TrajectoryBatch(int[] Rows, Tensor Trajectories, int[] Lengths, Tensor Anchors);

/// <summary>A corpus of teacher trajectories that can be read as often as needed, always in the same order.</summary>
public interface ITrajectorySource
{
    /// <summary>
    /// Calls <paramref name="use"/> with every batch, each inside a dispose scope of its own.
    /// </summary>
    /// <param name="use">Gets each batch once; the batch is gone when it returns.</param>
    void ForEach(Action<TrajectoryBatch> use);
}
