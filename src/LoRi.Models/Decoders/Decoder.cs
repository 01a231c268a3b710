using LoRi.Files;
using LoRi.Models.Tensors;
using static TorchSharp.torch;

namespace LoRi.Models.Decoders;

/// <summary>What one pass gives.</summary>
/// <param name="Final">States after the final norm, [B, T, d].</param>
/// <param name="Levels">
/// All levels 0..L by the Hub's convention, each [B, T, d]: 0 is what enters the first block (with learned positions added), L is
/// after the final norm; null unless asked for.
/// </param>
/// <param name="Cache">Keys and values of everything so far.</param>
public sealed record DecoderPass(Tensor Final, Tensor[]? Levels, KeyValueCache Cache);

/// <summary>
/// A decoder of any family that <see cref="DecoderConfig"/> describes: grouped-query attention, a norm before each half of a
/// block, rotary or learned positions, a gated or plain feed-forward half.
/// Weights live in a <see cref="ParameterSet"/> (the master copy); a pass reads them through <see cref="DecoderWeights"/>, cast
/// once to the compute type, so that all passes of one step share one cast and gradients land in the master copy.
/// </summary>
public sealed class Decoder : IDisposable
{
    private readonly Rotary? rotary;

    /// <summary>A decoder of the given shape that computes in <paramref name="computeType"/>.</summary>
    /// <param name="config">The model's shape.</param>
    /// <param name="computeType">The dtype of states and logits.</param>
    /// <param name="device">Where the passes run; the weights must be there as well.</param>
    public Decoder(DecoderConfig config, ScalarType computeType, Device device)
    {
        (Config, ComputeType) = (config, computeType);
        rotary = config.LearnedPositions ? null : new Rotary(config.Rotary, computeType, device);
    }

    /// <summary>The shape.</summary>
    public DecoderConfig Config { get; }

    /// <summary>Type of activations and of the weights as a pass uses them.</summary>
    public ScalarType ComputeType { get; }

    /// <summary>Rows of the embedding table for ids [B, T], in the compute type: [B, T, d].</summary>
    /// <param name="weights">The weights of one step.</param>
    /// <param name="ids">Ids as int64.</param>
    /// <returns>States [B, T, d] of the first level.</returns>
    public Tensor Embed(DecoderWeights weights, Tensor ids)
    {
        var flat = ids.reshape(-1);
        var rows = weights.StoredTable?.Take(flat)
            ?? weights.DeferredTable?.Rows(weights.Embedding, flat) ?? weights.Embedding.index_select(0, flat);
        return (weights.InputRows?.Into(rows, flat) ?? rows).view(ids.shape[0], ids.shape[1], Config.HiddenSize);
    }

    /// <summary>Rows of the embedding table for padded rows of ids.</summary>
    /// <param name="weights">The weights of one step.</param>
    /// <param name="rows">Ids with their padding.</param>
    /// <returns>States [B, T, d] of the first level.</returns>
    /// <exception cref="InputException">An id is not in the table.</exception>
    public Tensor Embed(DecoderWeights weights, PaddedRows rows)
    {
        var table = weights.Embedding.shape[0];
        var wrong = rows.SmallestId < 0 ? rows.SmallestId : rows.LargestId;
        return wrong >= 0 && wrong < table
            ? Embed(weights, rows.Ids)
            : throw new InputException(
                $"a row has the id {wrong}, but the model's table has ids from 0 to {table - 1}; text and model belong to different "
                + "tokenizers, name the model's own with --tokenizer");
    }

    /// <summary>Logits over all rows of the table, special ones included, for states [.., d].</summary>
    /// <param name="weights">The weights of one step.</param>
    /// <param name="states">Final states, after the last norm.</param>
    /// <returns>Logits [.., V] in the compute type.</returns>
    public static Tensor Logits(DecoderWeights weights, Tensor states)
    {
        var logits = weights.Head.Apply(states);
        return weights.OutputRows?.IntoLogits(logits, states) ?? logits;
    }

    /// <summary>
    /// Logits that the states of a level would give if the rest of the blocks were left out [nostalgebraist 2020, logit lens]: through
    /// the final norm, which the states of the last level have behind them, and the output matrix.
    /// </summary>
    /// <param name="weights">The weights.</param>
    /// <param name="states">States of the level, [.., d].</param>
    /// <param name="level">From 1, after the first block, to the number of blocks.</param>
    public Tensor Lens(DecoderWeights weights, Tensor states, int level) =>
        Logits(weights, level == Config.Layers ? states : Norm(states, weights.FinalNorm));

    /// <summary>
    /// One pass over T new positions with input embeddings <paramref name="inputs"/> [B, T, d], after the P positions of
    /// <paramref name="past"/>. All levels are returned only where <paramref name="levels"/> asks for them.
    /// </summary>
    /// <param name="weights">The weights.</param>
    /// <param name="inputs">Input embeddings, [B, T, d].</param>
    /// <param name="positions">Where they stand.</param>
    /// <param name="past">Keys and values of the positions before.</param>
    /// <param name="levels">Whether all levels are kept.</param>
    /// <param name="trace">Receives what is inside the blocks; null for nothing.</param>
    /// <param name="intervention">Replaces states at one column; null for nothing.</param>
    /// <exception cref="InputException">A position lies beyond the table of learned positions.</exception>
    public DecoderPass Forward(
        DecoderWeights weights,
        Tensor inputs,
        PassPositions positions,
        KeyValueCache? past = null,
        bool levels = false,
        DecoderTrace? trace = null,
        Intervention? intervention = null)
    {
        if (trace is null && intervention is null
            && weights.Tape?.Run(this, weights, inputs, positions, past, levels) is { } taped)
        {
            return taped;
        }

        var place = PlaceOf(positions, inputs, past?.Length ?? 0);
        var (whole, windowed) = (new Attention(Config, place.Whole), new Attention(Config, place.Windowed));
        var growth = past?.Grow(inputs.shape[1]);
        var (keys, values) = (new Tensor[Config.Layers], new Tensor[Config.Layers]);
        var collected = levels ? new Tensor[Config.Layers + 1] : null;
        var x = Placed(weights, inputs, positions);
        for (var layer = 0; layer < Config.Layers; layer++)
        {
            x = intervention?.Before(layer, x) ?? x;
            if (collected is not null)
            {
                collected[layer] = x;
            }

            var attention = Config.WindowOf(layer) is null ? whole : windowed;
            x = Block(weights.Blocks[layer], x, place.Angles, attention, (growth, layer, trace), out keys[layer], out values[layer]);
        }

        var final = Norm(x, weights.FinalNorm);
        if (collected is not null)
        {
            collected[Config.Layers] = final;
        }

        return new DecoderPass(final, collected, growth?.With(keys, values) ?? new KeyValueCache(keys, values, null));
    }

    /// <inheritdoc/>
    public void Dispose() => rotary?.Dispose();

    /// <summary>What enters the first block: inputs with their learned positions added, where the family has these.</summary>
    internal static Tensor Placed(DecoderWeights weights, Tensor inputs, PassPositions positions) => weights.Positions is Tensor table
        ? inputs.Plus(table.index_select(0, positions.Values.reshape(-1)).view(inputs.shape))
        : inputs;

    /// <summary>Angles of the positions of a pass; null where positions are learned.</summary>
    internal Angles? AnglesOf(PassPositions positions) => rotary?.At(positions.Values, positions.Limit);

    /// <summary>Angles and masks of a pass.</summary>
    internal (Angles? Angles, AttentionMask Whole, AttentionMask Windowed) PlaceOf(PassPositions positions, Tensor inputs, long past)
    {
        if (rotary is null && positions.Limit > Config.MaxPositions)
        {
            throw new InputException(
                $"a sequence has {positions.Limit} positions, but the model's position table has {Config.MaxPositions}; shorten it, or the "
                + "number of new tokens");
        }

        var mask = AttentionMask.For(positions.Visible, inputs.shape[1], past, inputs.device);
        var windowed = Config.SlidingWindow is int window
            ? AttentionMask.For(positions.Visible, inputs.shape[1], past, inputs.device, window)
            : mask;
        return (AnglesOf(positions), mask, windowed);
    }

    /// <summary>
    /// One block, in a dispose scope of its own: what it makes on the way goes with it, so that memory does not grow with the
    /// number of blocks. Where a gradient needs such a tensor, autograd keeps it.
    /// </summary>
    internal Tensor Block(
        BlockWeights block, Tensor x, Angles? angles, Attention attention, (KeyValueCache.Growth? Past, int Layer, DecoderTrace? Trace) at,
        out Tensor keys, out Tensor values)
    {
        using var scope = NewDisposeScope();
        var attended = x.Plus(Attend(block, Norm(x, block.AttentionNorm), angles, attention, at, out keys, out values));
        var next = attended.Plus(FeedForward(block, Norm(attended, block.FeedForwardNorm)));
        scope.MoveToOuter(next, keys, values);
        at.Trace?.MoveToOuter(scope, at.Layer);
        return next;
    }

    private Tensor Attend(
        BlockWeights block, Tensor x, Angles? angles, Attention attention, (KeyValueCache.Growth? Past, int Layer, DecoderTrace? Trace) at,
        out Tensor keys, out Tensor values)
    {
        var (batch, time) = (x.shape[0], x.shape[1]);
        int q = Config.QueryHeads, kv = Config.KeyValueHeads;
        var image = block.QueryKeyValue.Apply(x);
        var turnsInPlace = angles is not null && block.QueryNorm is null && at.Trace is null && UnrecordedLoops.CanTurn(image, angles);
        if (turnsInPlace)
        {
            UnrecordedLoops.Turn(Config, image, angles!);
        }

        var heads = image.view(batch, time, q + (2 * kv), Config.HeadSize).transpose(1, 2);
        var met = Met(block, heads);
        var turned = angles is null || turnsInPlace ? met : Turned(met, angles);
        keys = turned.narrow(1, q, kv);
        values = heads.narrow(1, q + kv, kv);
        at.Trace?.Keep(at.Layer, met, turned, q, values);
        if (at.Past is not null)
        {
            (keys, values) = at.Past.Append(at.Layer, keys, values);
        }

        var mixed = attention.Mix(turned.narrow(1, 0, q), keys, values);
        return block.Output.Apply(mixed.transpose(1, 2).reshape(batch, time, (long)q * Config.HeadSize));
    }

    private Tensor Turned(Tensor met, Angles angles) =>
        (met * angles.Cosine).Plus(met.roll(Config.HeadSize / 2, -1) * angles.Sine);

    /// <summary>Queries and keys, normalised where the family does that, before their rotation.</summary>
    private Tensor Met(BlockWeights block, Tensor heads)
    {
        int q = Config.QueryHeads, kv = Config.KeyValueHeads;
        return block is { QueryNorm: { } queryNorm, KeyNorm: { } keyNorm }
            ? cat([Norm(heads.narrow(1, 0, q), queryNorm), Norm(heads.narrow(1, q, kv), keyNorm)], 1)
            : heads.narrow(1, 0, q + kv);
    }

    private Tensor FeedForward(BlockWeights block, Tensor x)
    {
        var up = block.Up.Apply(x);
        if (!Config.GatedFeedForward)
        {
            return block.Down.Apply(nn.functional.gelu(up, TorchSharp.Modules.GELU.Approximate.tanh));
        }

        if (UnrecordedLoops.Fit(up))
        {
            return block.Down.Apply(UnrecordedLoops.Gated(up));
        }

        // The bfloat16 kernel is several times slower on rows that do not follow each other.
        var gate = up.narrow(-1, 0, Config.IntermediateSize);
        gate = nn.functional.silu(up.dtype == ScalarType.BFloat16 ? gate.contiguous() : gate);
        return block.Down.Apply(gate * up.narrow(-1, Config.IntermediateSize, Config.IntermediateSize));
    }

    internal Tensor Norm(Tensor x, NormWeights norm)
    {
        if (norm.Bias is not null)
        {
            return nn.functional.layer_norm(x, norm.Weight.shape, norm.Weight, norm.Bias, Config.NormEpsilon);
        }

        if (UnrecordedLoops.Fit(x) && VectorWork.Fits(norm.Weight))
        {
            return UnrecordedLoops.Norm(x, norm.Weight, Config.NormEpsilon);
        }

        var wide = x.Widened();
        var scaled = wide * wide.Squared().mean([-1L], keepdim: true).Plus(Config.NormEpsilon).rsqrt();
        return scaled.to(x.dtype) * norm.Weight;
    }
}
