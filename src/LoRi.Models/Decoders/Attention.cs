using LoRi.Models.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace LoRi.Models.Decoders;

/// <summary>
/// Scaled dot-product attention of one shape of heads, softmax(Q K^T / sqrt(size) + mask) V, by whichever of three ways is
/// fastest there: libtorch's fused kernel, the same for single positions, or the products written out.
/// </summary>
internal sealed class Attention
{
    /// <summary>
    /// Written out, the scores of every block are kept until its backward pass; beyond this the fused kernel, which keeps none.
    /// </summary>
    internal const long MostScoreBytes = 16 << 20;
    private readonly AttentionMask mask;
    private readonly DecoderConfig config;
    private Tensor? hidden;

    /// <summary>The attention of all blocks of one pass that share a mask.</summary>
    public Attention(DecoderConfig config, AttentionMask mask) => (this.config, this.mask) = (config, mask);

    /// <summary>
    /// What queries [B, heads, T, size] gather from keys and values [B, key/value heads, S, size]: [B, heads, T, size].
    /// </summary>
    public Tensor Mix(Tensor queries, Tensor keys, Tensor values)
    {
        if (queries.shape[2] == 1)
        {
            return SinglePosition(queries, keys, values);
        }

        return IsFasterWrittenOut(queries, keys) ? WrittenOut(queries, keys, values) : Fused(queries, keys, values);
    }

    /// <summary>By libtorch's kernel, which needs the keys of every query head.</summary>
    internal Tensor Fused(Tensor queries, Tensor keys, Tensor values) => nn.functional.scaled_dot_product_attention(
        queries, ForEveryQueryHead(keys), ForEveryQueryHead(values), mask.Tensor, 0.0, mask.Causal);

    /// <summary>The queries of a group, which share their keys, take the place of positions: no key needs to be repeated.</summary>
    private Tensor SinglePosition(Tensor queries, Tensor keys, Tensor values)
    {
        var shape = queries.shape;
        var grouped = queries.reshape(shape[0], config.KeyValueHeads, config.QueryHeads / config.KeyValueHeads, shape[3]);
        return nn.functional.scaled_dot_product_attention(grouped, keys, values, mask.Tensor, 0.0, false).reshape(shape);
    }

    /// <summary>
    /// On the CPU the fused kernel's backward pass takes longer than the products of short sequences (of long ones, in float32, about as
    /// long), and in bfloat16 it computes at float32's speed.
    /// </summary>
    private static bool IsFasterWrittenOut(Tensor queries, Tensor keys)
    {
        var scores = queries.shape[0] * queries.shape[1] * queries.shape[2] * keys.shape[2] * queries.element_size();
        return queries.device_type == DeviceType.CPU && scores <= MostScoreBytes
            && (is_grad_enabled() || queries.dtype == ScalarType.BFloat16);
    }

    /// <summary>By two products; query heads that share keys are taken together.</summary>
    internal Tensor WrittenOut(Tensor queries, Tensor keys, Tensor values)
    {
        var (batch, time, size) = (queries.shape[0], queries.shape[2], queries.shape[3]);
        long heads = config.KeyValueHeads, group = config.QueryHeads / config.KeyValueHeads;
        var grouped = queries.Times(1 / System.Math.Sqrt(size)).reshape(batch, heads, group * time, size);
        var scores = grouped.matmul(keys.transpose(-2, -1)).view(batch, heads, group, time, keys.shape[2]);
        hidden ??= Hidden(scores);
        var shares = nn.functional.softmax(scores.IncreaseBy(hidden, 1), -1).view(batch, heads, group * time, keys.shape[2]);
        return shares.matmul(values).view(batch, heads * group, time, size);
    }

    /// <summary>Minus infinity where a query sees no key, else 0: [1 or B, 1, 1, T, S]. Made once a pass; belongs to its scope.</summary>
    private Tensor Hidden(Tensor scores)
    {
        using var guard = no_grad();
        var (time, keys) = (scores.shape[3], scores.shape[4]);
        var seen = mask.Tensor ?? ones(time, keys, dtype: ScalarType.Bool, device: scores.device).tril();
        var shape = seen.dim() == 2 ? new[] { 1L, 1, 1, time, keys } : [seen.shape[0], 1, 1, time, keys];
        return seen.to(scores.dtype).log().view(shape).MoveToOuterDisposeScope();
    }

    /// <summary>Key/value heads repeated for their group of query heads: (0, 0, 1, 1), not (0, 1, 0, 1).</summary>
    private Tensor ForEveryQueryHead(Tensor x)
    {
        var group = config.QueryHeads / config.KeyValueHeads;
        var (batch, heads, time, size) = (x.shape[0], x.shape[1], x.shape[2], x.shape[3]);
        return group == 1 ? x : x.unsqueeze(2).expand(batch, heads, group, time, size).reshape(batch, heads * group, time, size);
    }
}
