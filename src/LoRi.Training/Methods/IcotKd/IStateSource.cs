using LoRi.Models.Decoders;
using LoRi.Models.Sequences;
using static TorchSharp.torch;

namespace LoRi.Training.Methods.IcotKd;

/// <summary>Where a student's states come from.</summary>
internal interface IStateSource
{
    /// <summary>The states of some rows, one for every block: [B, L, d].</summary>
    Tensor Read(ReasoningModel model, IReadOnlyList<EncodedExample> rows);

    /// <summary>Tokens of a row that the trained model passes for them.</summary>
    int LengthOf(EncodedExample row);
}

/// <summary>States that the model's emulator makes of the question.</summary>
/// <param name="emulator">The emulator.</param>
internal sealed class EmulatedStates(StateEmulator emulator) : IStateSource
{
    /// <inheritdoc/>
    public Tensor Read(ReasoningModel model, IReadOnlyList<EncodedExample> rows) =>
        emulator.Run(model, [.. rows.Select(row => row.Question)]);

    /// <inheritdoc/>
    public int LengthOf(EncodedExample row)
    {
        ArgumentNullException.ThrowIfNull(row);
        return row.Question.Length;
    }
}
