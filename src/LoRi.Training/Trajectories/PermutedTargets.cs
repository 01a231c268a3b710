using LoRi.Math;
using LoRi.Math.Fluent;
using LoRi.Models.Tensors;
using static TorchSharp.torch;

namespace LoRi.Training.Trajectories;

/// <summary>A control: every row's own coordinates with its tokens in another order, always the same one.</summary>
/// <param name="own">The rows' own targets, which this object disposes.</param>
/// <param name="subspace">The subspace of the coordinates.</param>
/// <param name="seed">Draws the orders.</param>
internal sealed class PermutedTargets(ITeacherTargets own, BoundSubspace subspace, long seed) : ITeacherTargets
{
    /// <inheritdoc/>
    public int RowsWithoutRationale => own.RowsWithoutRationale;

    /// <inheritdoc/>
    public TargetBatch Batch(IReadOnlyList<int> rows, Device device)
    {
        var targets = own.Batch(rows, device);
        var coordinates = TypedTrajectories.TeacherCoordinates(subspace, new TorchTensor(targets.Coordinates));
        var permuted = TypedTrajectories.Values(Controls.Permuted(coordinates, seed, [.. rows], targets.Lengths));
        return targets with { Coordinates = TorchTensor.Unwrap(permuted) };
    }

    /// <inheritdoc/>
    public void Dispose() => own.Dispose();
}
