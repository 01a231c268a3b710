using LoRi.Models;
using LoRi.Models.Decoders;
using LoRi.Models.Sequences;
using LoRi.Models.Tensors;
using static TorchSharp.torch;

namespace LoRi.Training.Methods.IcotKd;

/// <summary>
/// iCoT-KD's emulator: mean over rows of <c>sum over blocks of 1/2 |t_l - f_l|^2</c>, the teacher's states t against the emulated ones f.
/// It grades no token, so that validation measures this distance as well.
/// </summary>
/// <param name="teacher">The states that are to be emulated.</param>
/// <param name="emulated">The states that the emulator makes.</param>
internal sealed class EmulatorObjective(IStateSource teacher, IStateSource emulated) : Objective<EncodedExample>
{
    private const string Name = "states";

    /// <inheritdoc/>
    public override IReadOnlyList<EncodedExample> LayOut(IReadOnlyList<EncodedExample> rows, Moment now, SeededRandom draw) => rows;

    /// <inheritdoc/>
    public override int LengthOf(EncodedExample row) => emulated.LengthOf(row);

    /// <inheritdoc/>
    public override Totals Count(IReadOnlyList<EncodedExample> rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        return new((Totals.Rows, rows.Count));
    }

    /// <inheritdoc/>
    public override Tensor Task(ReasoningModel model, IReadOnlyList<EncodedExample> part, Totals whole)
    {
        ArgumentNullException.ThrowIfNull(whole);
        var distance = teacher.Read(model, part).Widened().sub(emulated.Read(model, part).Widened());
        return distance.Squared().sum().Over(2.0 * whole[Totals.Rows]);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<LossTerm> Losses(ReasoningModel model, IReadOnlyList<EncodedExample> part, Totals whole) =>
        [new LossTerm(Name, Task(model, part, whole), 1)];
}
