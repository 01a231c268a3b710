using TorchSharp;
using static TorchSharp.torch;

namespace LoRi.Training.Models;

/// <summary>What one pass gives.</summary>
/// <param name="Final">States after the final norm, [B, T, d].</param>
/// <param name="Levels">All levels 0..L by the Hub's convention, each [B, T, d]: 0 is the input, L is after the final norm; null unless asked for.</param>
/// <param name="Cache">Keys and values of everything so far.</param>
public sealed record DecoderPass(Tensor Final, Tensor[]? Levels, KeyValueCache Cache);

/// <summary>
/// A Llama-style decoder: grouped-query attention with rotary positions, RMSNorm before each half of a block, SwiGLU.
/// Weights live in a <see cref="ParameterSet"/> (the master copy); a pass reads them through <see cref="DecoderWeights"/>, cast
/// once to the compute type, so that all passes of one step share one cast and gradients land in the master copy.
/// </summary>
public sealed class Decoder : IDisposable
{
    private readonly Rotary rotary;

    /// <summary>A decoder of the given shape that computes in <paramref name="computeType"/>.</summary>
    public Decoder(DecoderConfig config, ScalarType computeType, Device device)
    {
        (Config, ComputeType) = (config, computeType);
        rotary = new Rotary(config.HeadSize, config.RotaryBase, computeType, device);
    }

    /// <summary>The shape.</summary>
    public DecoderConfig Config { get; }

    /// <summary>Type of activations and of the weights as a pass uses them.</summary>
    public ScalarType ComputeType { get; }

    /// <summary>Where the parameters are, and what the Hub calls them. <paramref name="extraRows"/> are added to the table.</summary>
    public static IEnumerable<ParameterSlot> Slots(DecoderConfig config, int extraRows)
    {
        long d = config.HiddenSize, q = (long)config.QueryHeads * config.HeadSize, kv = (long)config.KeyValueHeads * config.HeadSize;
        long f = config.IntermediateSize, rows = config.VocabularySize + extraRows;
        yield return new ParameterSlot("model.embed_tokens.weight", [rows, d], false);
        for (var layer = 0; layer < config.Layers; layer++)
        {
            var prefix = $"model.layers.{layer}.";
            yield return new ParameterSlot(prefix + "input_layernorm.weight", [d], false);
            yield return new ParameterSlot(prefix + "self_attn.qkv", [q + (2 * kv), d], true,
            [
                new(prefix + "self_attn.q_proj.weight", 0, q),
                new(prefix + "self_attn.k_proj.weight", q, kv),
                new(prefix + "self_attn.v_proj.weight", q + kv, kv),
            ]);
            yield return new ParameterSlot(prefix + "self_attn.o_proj.weight", [d, q], true);
            yield return new ParameterSlot(prefix + "post_attention_layernorm.weight", [d], false);
            yield return new ParameterSlot(prefix + "mlp.gate_up", [2 * f, d], true,
            [
                new(prefix + "mlp.gate_proj.weight", 0, f),
                new(prefix + "mlp.up_proj.weight", f, f),
            ]);
            yield return new ParameterSlot(prefix + "mlp.down_proj.weight", [d, f], true);
        }

        yield return new ParameterSlot("model.norm.weight", [d], false);
        if (!config.TiedHead)
        {
            // As the table, it has rows of special tokens: no decay.
            yield return new ParameterSlot("lm_head.weight", [rows, d], false);
        }
    }

    /// <summary>Rows of the embedding table for ids [B, T], in the compute type: [B, T, d].</summary>
    public Tensor Embed(DecoderWeights weights, Tensor ids) =>
        weights.Embedding.index_select(0, ids.reshape(-1)).view(ids.shape[0], ids.shape[1], Config.HiddenSize);

    /// <summary>Logits over all rows of the table, special ones included, for states [.., d].</summary>
    public static Tensor Logits(DecoderWeights weights, Tensor states) => nn.functional.linear(states, weights.Head);

    /// <summary>
    /// One pass over T new positions with input embeddings <paramref name="inputs"/> [B, T, d], after the P positions of
    /// <paramref name="past"/>. All levels are returned only where <paramref name="levels"/> asks for them.
    /// </summary>
    public DecoderPass Forward(DecoderWeights weights, Tensor inputs, PassPositions positions, KeyValueCache? past = null, bool levels = false)
    {
        var mask = AttentionMask.For(positions.Visible, inputs.shape[1], past?.Length ?? 0, inputs.device);
        var (cosine, sine) = rotary.At(positions.Values, positions.Limit);
        var (keys, values) = (new Tensor[Config.Layers], new Tensor[Config.Layers]);
        var collected = levels ? new Tensor[Config.Layers + 1] : null;
        var x = inputs;
        for (var layer = 0; layer < Config.Layers; layer++)
        {
            if (collected is not null)
            {
                collected[layer] = x;
            }

            x = Block(weights.Blocks[layer], x, (cosine, sine), mask, past?[layer], out keys[layer], out values[layer]);
        }

        var final = Norm(x, weights.FinalNorm);
        if (collected is not null)
        {
            collected[Config.Layers] = final;
        }

        return new DecoderPass(final, collected, new KeyValueCache(keys, values));
    }

    /// <inheritdoc/>
    public void Dispose() => rotary.Dispose();

    /// <summary>
    /// One block, in a dispose scope of its own: what it makes on the way goes with it, so that memory does not grow with the
    /// number of blocks. Where a gradient needs such a tensor, autograd keeps it.
    /// </summary>
    private Tensor Block(
        BlockWeights block, Tensor x, (Tensor Cosine, Tensor Sine) angles, AttentionMask mask, (Tensor Keys, Tensor Values)? past, out Tensor keys, out Tensor values)
    {
        using var scope = NewDisposeScope();
        var attended = x + Attention(block, Norm(x, block.AttentionNorm), angles, mask, past, out keys, out values);
        var next = attended + FeedForward(block, Norm(attended, block.FeedForwardNorm));
        scope.MoveToOuter(next, keys, values);
        return next;
    }

    private Tensor Attention(
        BlockWeights block, Tensor x, (Tensor Cosine, Tensor Sine) angles, AttentionMask mask, (Tensor Keys, Tensor Values)? past, out Tensor keys, out Tensor values)
    {
        var (batch, time) = (x.shape[0], x.shape[1]);
        int q = Config.QueryHeads, kv = Config.KeyValueHeads;
        var heads = nn.functional.linear(x, block.QueryKeyValue).view(batch, time, q + (2 * kv), Config.HeadSize).transpose(1, 2);
        var turned = Rotate(heads.narrow(1, 0, q + kv), angles);
        keys = turned.narrow(1, q, kv);
        values = heads.narrow(1, q + kv, kv);
        if (past is var (pastKeys, pastValues))
        {
            keys = cat([pastKeys, keys], 2);
            values = cat([pastValues, values], 2);
        }

        var mixed = nn.functional.scaled_dot_product_attention(
            turned.narrow(1, 0, q), ForEveryQueryHead(keys), ForEveryQueryHead(values), mask.Tensor, 0.0, mask.Causal);
        return nn.functional.linear(mixed.transpose(1, 2).reshape(batch, time, (long)q * Config.HeadSize), block.Output);
    }

    private Tensor Rotate(Tensor x, (Tensor Cosine, Tensor Sine) angles) =>
        (x * angles.Cosine) + (x.roll(Config.HeadSize / 2, -1) * angles.Sine);

    /// <summary>Key/value heads repeated for their group of query heads: (0, 0, 1, 1), not (0, 1, 0, 1).</summary>
    private Tensor ForEveryQueryHead(Tensor x)
    {
        var group = Config.QueryHeads / Config.KeyValueHeads;
        var (batch, heads, time, size) = (x.shape[0], x.shape[1], x.shape[2], x.shape[3]);
        return group == 1 ? x : x.unsqueeze(2).expand(batch, heads, group, time, size).reshape(batch, heads * group, time, size);
    }

    private Tensor FeedForward(BlockWeights block, Tensor x)
    {
        var both = nn.functional.linear(x, block.GateUp);
        var gate = nn.functional.silu(both.narrow(-1, 0, Config.IntermediateSize));
        return nn.functional.linear(gate * both.narrow(-1, Config.IntermediateSize, Config.IntermediateSize), block.Down);
    }

    private Tensor Norm(Tensor x, Tensor weight)
    {
        if (x.dtype is ScalarType.BFloat16)
        {
            var wide = x.to(ScalarType.Float32);
            return (wide * wide.square().mean([-1L], keepdim: true).add(Config.NormEpsilon).rsqrt()).to(x.dtype) * weight;
        }

        return x * x.square().mean([-1L], keepdim: true).add(Config.NormEpsilon).rsqrt() * weight;
    }
}
