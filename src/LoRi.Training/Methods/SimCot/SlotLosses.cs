using LoRi.Models.Decoders;
using LoRi.Models.Reasoning;
using LoRi.Models.Sequences;
using LoRi.Models.Tensors;
using static TorchSharp.torch;

namespace LoRi.Training.Methods.SimCot;

/// <summary>
/// What an auxiliary decoder's cross-entropy is of every slot of latents, over the rows that have something to write in it.
/// </summary>
/// <param name="slots">How latents are shared out.</param>
internal sealed class SlotLosses(LatentSlots slots)
{
    /// <summary>
    /// The sum of a slot's cross-entropy over some rows, in nats: a float64 scalar; null where none of them has anything to write.
    /// </summary>
    /// <param name="model">The model, with its auxiliary decoder.</param>
    /// <param name="explaining">The auxiliary decoder's weights of this step.</param>
    /// <param name="inputs">Latent inputs of all slots, [B, slots x per slot, d].</param>
    /// <param name="targets">Ids to write, by row and slot; empty where there is nothing.</param>
    /// <param name="slot">Which slot, from 0.</param>
    public Tensor? Sum(
        ReasoningModel model, DecoderWeights explaining, Tensor inputs, IReadOnlyList<IReadOnlyList<int[]>> targets, int slot)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(targets);
        var rows = Enumerable.Range(0, targets.Count).Where(row => targets[row][slot].Length > 0).ToArray();
        if (rows.Length == 0)
        {
            return null;
        }

        var index = tensor([.. rows.Select(row => (long)row)], ScalarType.Int64).to(model.Device);
        var latents = slots.Of(inputs, slot).index_select(0, index);
        return ExplanationPass.NegativeSum(model, explaining, latents, [.. rows.Select(row => targets[row][slot])], slots.FirstPosition);
    }

    /// <summary>
    /// The sum over slots of their sums over some rows, each divided by a number of its own; zero where there is nothing to write.
    /// </summary>
    /// <param name="model">The model, with its auxiliary decoder.</param>
    /// <param name="weights">The model's own weights of this step.</param>
    /// <param name="steps">What its latent steps gave.</param>
    /// <param name="targets">Ids to write, by row and slot; empty where there is nothing.</param>
    /// <param name="divisor">What a slot's sum is divided by.</param>
    public Tensor Total(
        ReasoningModel model, DecoderWeights weights, LatentSteps steps, IReadOnlyList<IReadOnlyList<int[]>> targets,
        Func<int, double> divisor)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(divisor);
        var explaining = AuxiliaryDecoder.Weights(model, weights);
        var inputs = slots.Inputs(model, steps);
        var total = zeros([], ScalarType.Float64, model.Device);
        for (var slot = 0; slot < slots.Slots; slot++)
        {
            if (Sum(model, explaining, inputs, targets, slot) is { } sum)
            {
                total = total.Plus(sum.Over(divisor(slot)));
            }
        }

        return total;
    }
}
