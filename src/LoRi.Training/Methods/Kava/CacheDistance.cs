using LoRi.Models.Tensors;
using static TorchSharp.torch;

namespace LoRi.Training.Methods.Kava;

/// <summary>What the distance of one component of keys and values is.</summary>
internal enum CacheNorm
{
    /// <summary>Half the square within 1, beyond it the absolute value less a half.</summary>
    SmoothL1,

    /// <summary>The square.</summary>
    Mse,
}

/// <summary>How far a student's keys or values at its latent steps are from those that are kept of its teacher's chain.</summary>
/// <param name="Norm">What the distance of one component is.</param>
/// <param name="ByLayerDeviation">Whether it is taken in units of each block's deviation over all that is kept in the batch.</param>
internal sealed record CacheDistance(CacheNorm Norm, bool ByLayerDeviation)
{
    /// <summary>
    /// The sum over rows of <c>1 / (2 M)</c> times the sum over slots of the mean over blocks, heads and components: a scalar. Of M slots
    /// those beyond what a row's chain has give nothing.
    /// </summary>
    /// <param name="kept">Of each row what is kept, [L, heads, k, size]; null for a row without a chain.</param>
    /// <param name="student">The student's, [L, B, heads, M, size].</param>
    public Tensor Of(IReadOnlyList<Tensor?> kept, Tensor student)
    {
        ArgumentNullException.ThrowIfNull(kept);
        ArgumentNullException.ThrowIfNull(student);
        var deviation = ByLayerDeviation ? Deviations(kept) : null;
        var rows = kept.Select((row, index) => row is null ? null : Row(row, student.select(1, index), deviation)).OfType<Tensor>()
            .ToArray();
        return rows.Length == 0 ? student.sum().Times(0) : stack(rows).sum();
    }

    /// <summary>The unbiased deviation of each block over rows, heads, slots and components: [L]; null where nothing is kept.</summary>
    public static Tensor? Deviations(IReadOnlyList<Tensor?> kept)
    {
        ArgumentNullException.ThrowIfNull(kept);
        Tensor[] all = [.. kept.OfType<Tensor>().Select(row => row.reshape(row.shape[0], -1))];
        return all.Length == 0 ? null : cat(all, 1).std(1);
    }

    private Tensor Row(Tensor kept, Tensor student, Tensor? deviation)
    {
        var (steps, slots) = (student.shape[2], kept.shape[2]);
        Tensor Scaled(Tensor values) => deviation is null ? values : values / deviation.view(-1, 1, 1, 1);
        var (found, wanted) = (Scaled(student.narrow(2, 0, slots)), Scaled(kept));
        var each = Norm == CacheNorm.Mse ? nn.functional.mse_loss(found, wanted, nn.Reduction.None)
            : nn.functional.smooth_l1_loss(found, wanted, nn.Reduction.None);
        return each.mean([0L, 1L, 3L]).sum().Over(2.0 * steps);
    }
}
