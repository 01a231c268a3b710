using TorchSharp;
using static TorchSharp.torch;

namespace LoRi.Models.Decoders;

/// <summary>
/// What a pass had inside its blocks at its own positions, [B, heads, T, head size] a block: queries and keys (normalised where the
/// family does that) before and after rotation, and values. Gradients flow through them. One trace serves one pass.
/// </summary>
public sealed class DecoderTrace
{
    private readonly Heads[] blocks;

    /// <summary>A trace of a decoder with this many blocks.</summary>
    /// <param name="layers">How many blocks the decoder has.</param>
    public DecoderTrace(int layers) => blocks = new Heads[layers];

    /// <summary>The heads of one block.</summary>
    /// <param name="layer">The block, counted from 0.</param>
    public Heads this[int layer] => blocks[layer];

    /// <summary>The heads of one block at the positions of a pass, each [B, heads, T, head size].</summary>
    /// <param name="PlainQueries">Queries before rotation.</param>
    /// <param name="PlainKeys">Keys before rotation.</param>
    /// <param name="Queries">Queries as they meet the keys.</param>
    /// <param name="Keys">Keys as they are cached.</param>
    /// <param name="Values">Values.</param>
    public sealed record Heads(Tensor PlainQueries, Tensor PlainKeys, Tensor Queries, Tensor Keys, Tensor Values)
    {
        internal Tensor[] All => [PlainQueries, PlainKeys, Queries, Keys, Values];
    }

    internal void Keep(int layer, Tensor met, Tensor turned, int queryHeads, Tensor values)
    {
        var keyHeads = met.shape[1] - queryHeads;
        blocks[layer] = new(
            met.narrow(1, 0, queryHeads), met.narrow(1, queryHeads, keyHeads), turned.narrow(1, 0, queryHeads),
            turned.narrow(1, queryHeads, keyHeads), values.alias());
    }

    internal void MoveToOuter(DisposeScope scope, int layer) => scope.MoveToOuter(blocks[layer].All);
}
