using LoRi.Models.Decoders;
using LoRi.Models.Sequences;
using static TorchSharp.torch;

namespace LoRi.Training.Trajectories;

/// <summary>Targets that the frozen teacher computes anew whenever rows are asked for: no files, one teacher's pass a step.</summary>
/// <param name="teacher">The frozen teacher, which this object disposes.</param>
/// <param name="examples">The rows, by their index.</param>
/// <param name="levels">The traced levels.</param>
/// <param name="project">Coordinates [B, r_L, T, r_d] of trajectories [B, L, T, d].</param>
internal sealed class OnlineTargets(
    ReasoningModel teacher, IReadOnlyList<EncodedExample> examples, TracedLevels levels, Func<Tensor, Tensor> project) : ITeacherTargets
{
    private readonly Dictionary<int, EncodedExample> byIndex = examples.ToDictionary(example => example.Index);

    /// <inheritdoc/>
    public int RowsWithoutRationale => examples.Count(example => example.TracedLength == 0);

    /// <inheritdoc/>
    public TargetBatch Batch(IReadOnlyList<int> rows, Device device)
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var batch = ModelTrajectories.Compute(teacher, [.. rows.Select(row => byIndex[row])], levels);
        var coordinates = project(batch.Trajectories);
        return new TargetBatch(
            coordinates.to(device).MoveToOuterDisposeScope(), batch.Lengths,
            batch.Anchors.to(coordinates.dtype).to(device).MoveToOuterDisposeScope());
    }

    /// <inheritdoc/>
    public void Dispose() => teacher.Dispose();
}
