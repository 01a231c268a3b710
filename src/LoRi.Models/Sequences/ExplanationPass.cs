using LoRi.Models.Decoders;
using LoRi.Models.Tensors;
using static TorchSharp.torch;

namespace LoRi.Models.Sequences;

/// <summary>
/// A decoder that writes what latent steps stand for: their inputs come first, the ids after them, and the first id is predicted from
/// the last latent.
/// </summary>
internal static class ExplanationPass
{
    /// <summary>The sum over all ids of their negative log-likelihood, in nats: a float64 scalar.</summary>
    /// <param name="model">The model whose latents these are.</param>
    /// <param name="explaining">The weights of the decoder that writes.</param>
    /// <param name="latents">Latent inputs, [B, c, d].</param>
    /// <param name="targets">What is to be written of each row; at least one id.</param>
    /// <param name="firstPosition">The position of the first latent.</param>
    public static Tensor NegativeSum(
        ReasoningModel model, DecoderWeights explaining, Tensor latents, IReadOnlyList<int[]> targets, int firstPosition)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(latents);
        var count = (int)latents.shape[1];
        var rows = PaddedRows.Right([.. targets.Select(ids => (int[])[.. new int[count], .. ids[..^1]])], model.Device);
        var inputs = rows.Width == count
            ? latents
            : cat([latents, model.Decoder.Embed(explaining, rows).narrow(1, count, rows.Width - count)], 1);
        var final = model.Decoder.Forward(explaining, inputs, rows.After(At(targets.Count, firstPosition))).Final;
        var sources = targets.SelectMany((ids, row) => ids.Select((_, index) => ((long)row * rows.Width) + count - 1 + index)).ToArray();
        var states = final.reshape(-1, model.Config.HiddenSize).index_select(0, tensor(sources, ScalarType.Int64).to(model.Device));
        var wanted = tensor([.. targets.SelectMany(ids => ids).Select(id => (long)id)], ScalarType.Int64).to(model.Device);
        return TokenLikelihood.NegativeSum(Decoder.Logits(explaining, states), wanted);
    }

    /// <summary>Rows that begin at a position.</summary>
    internal static Progress At(int rows, int position) => new([.. Enumerable.Repeat(position, rows)], null, 0);
}
