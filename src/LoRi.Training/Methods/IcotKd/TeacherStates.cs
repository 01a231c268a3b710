using LoRi.Models.Decoders;
using LoRi.Models.Sequences;
using static TorchSharp.torch;

namespace LoRi.Training.Methods.IcotKd;

/// <summary>
/// States of a frozen teacher while it reads a chain: what enters block l at that block's token, normalised over its components (layer norm
/// without weights), t_l. No gradient reaches the teacher. Owns it.
/// </summary>
/// <param name="teacher">The teacher.</param>
/// <param name="places">Where states are read: every block's token, from a row in the teacher's tokens and the number of blocks.</param>
internal sealed class TeacherStates(ReasoningModel teacher, Func<EncodedExample, int, IReadOnlyList<int>> places)
    : IStateSource, IDisposable
{
    private const double NormEpsilon = 1e-5;

    /// <inheritdoc/>
    public Tensor Read(ReasoningModel model, IReadOnlyList<EncodedExample> rows)
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        EncodedExample[] read = [.. rows.Select(row => row.AsTeacher ?? row)];
        var inputs = PaddedRows.Right([.. read.Select(row => (int[])[.. row.Question, .. row.Rationale, .. row.Prefix])], teacher.Device);
        var weights = teacher.Weights();
        var levels = teacher.Decoder.Forward(weights, teacher.Decoder.Embed(weights, inputs), inputs.Positions(), levels: true).Levels!;
        IReadOnlyList<int>[] tokens = [.. read.Select(row => places(row, teacher.Config.Layers))];
        var states = Enumerable.Range(0, teacher.Config.Layers).Select(layer =>
        {
            long[] places = [.. tokens.Select((row, at) => ((long)at * inputs.Width) + row[layer])];
            var index = tensor(places, ScalarType.Int64).to(teacher.Device);
            return levels[layer].reshape(-1, teacher.Config.HiddenSize).index_select(0, index);
        });
        return nn.functional.layer_norm(stack(states, 1), [teacher.Config.HiddenSize], null, null, NormEpsilon).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public int LengthOf(EncodedExample row) => 0;

    /// <inheritdoc/>
    public void Dispose() => teacher.Dispose();
}
