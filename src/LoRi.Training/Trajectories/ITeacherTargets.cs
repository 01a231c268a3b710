using static TorchSharp.torch;

namespace LoRi.Training.Trajectories;

/// <summary>What a student is compared with, for some rows.</summary>
/// <param name="Coordinates">The teacher's coordinates Z_T, [B, r_L, T, r_d], padded behind.</param>
/// <param name="Lengths">Rationale tokens of each row.</param>
/// <param name="Anchors">The teacher's raw anchor states, [B, L, d].</param>
public sealed record TargetBatch(Tensor Coordinates, int[] Lengths, Tensor Anchors);

/// <summary>The teacher's side of a data set, by row: read from files, or computed anew each time.</summary>
internal interface ITeacherTargets : IDisposable
{
    /// <summary>Rows whose rationale is empty: they contribute nothing to the rationale terms.</summary>
    int RowsWithoutRationale { get; }

    /// <summary>The targets of some rows, on a device; the tensors belong to the open dispose scope.</summary>
    TargetBatch Batch(IReadOnlyList<int> rows, Device device);
}
