using static TorchSharp.torch;

namespace LoRi.Training.Trajectories;

/// <summary>A control: every row gets the coordinates of another row, always the same one, and its own anchors.</summary>
/// <param name="own">The rows' own targets, which this object disposes.</param>
/// <param name="donors">Whose coordinates a row gets; a row that is not named keeps its own.</param>
internal sealed class ShuffledTargets(ITeacherTargets own, IReadOnlyDictionary<int, int> donors) : ITeacherTargets
{
    /// <inheritdoc/>
    public int RowsWithoutRationale => own.RowsWithoutRationale;

    /// <inheritdoc/>
    public TargetBatch Batch(IReadOnlyList<int> rows, Device device)
    {
        var others = own.Batch([.. rows.Select(row => donors.GetValueOrDefault(row, row))], device);
        return others with { Anchors = own.Batch(rows, device).Anchors };
    }

    /// <inheritdoc/>
    public void Dispose() => own.Dispose();
}
