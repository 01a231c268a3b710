using LoRi.Models.Tensors;
using static TorchSharp.torch;

namespace LoRi.Models.Decoders;

/// <summary>
/// A decoder cut to some directions of its residual stream [ours]: with orthonormal columns U [d, r] the state x [d] becomes
/// z = U'x [r]. The weight w of each norm goes into the matrices that read what it gives, W diag(w) U; matrices that write into the
/// stream become U'W, their biases U'b; a row e of the embedding table becomes eU, and one of the head, of its own from then on,
/// h diag(w) U.
/// <para>
/// A norm divides by the root of |x|^2 / d + epsilon. Of r components with |z| = |x| that is
/// sqrt(r / d) sqrt(|z|^2 / r + epsilon d / r), so the norms of the narrower model have the constant weight sqrt(d / r) and the
/// epsilon epsilon d / r. Norms of heads, where a family has them, share that epsilon: queries and keys before them are multiplied by
/// sqrt(d / r) as well, so that they give what they gave. Where all states lie in the span of U, as they do for r = d, the two models
/// give the same logits; else what lies outside is lost to the norms as well. All that happens within heads and within the feed-forward
/// half stays as it is.
/// </para>
/// </summary>
public static class WidthReduction
{
    /// <summary>Cuts a model; all is computed in float64.</summary>
    /// <param name="model">A decoder with root mean square norms, without adapters; its projection and modules are left out.</param>
    /// <param name="basis">Orthonormal columns U, [d, r], of any floating type.</param>
    /// <returns>The model of width r with a head of its own, in float64; the caller disposes of it.</returns>
    /// <exception cref="ArgumentException">The norms subtract the mean, there are adapters, or the basis is of another width.</exception>
    public static ReasoningModel Of(ReasoningModel model, Tensor basis)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(basis);
        var config = model.Config;
        if (config.CenteredNorms || model.Adapters is not null)
        {
            throw new ArgumentException("root mean square norms and no adapters are expected", nameof(model));
        }

        if (basis.shape is not [var width, var rank] || width != config.HiddenSize || rank < 1 || rank > width)
        {
            throw new ArgumentException($"[{config.HiddenSize}, rank] is expected", nameof(basis));
        }

        var reduced = new ReasoningModel(
            Shape(config, (int)rank), model.ExtraRows, model.Special, new FeedbackProjection(ProjectionKind.Identity, 0), Precision.Exact,
            model.Device);
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        new Cut(model, reduced, basis.to(ScalarType.Float64).to(model.Device)).Fill();
        return reduced;
    }

    /// <summary>The shape of the narrower model; heads and feed-forward half are as wide as before.</summary>
    private static DecoderConfig Shape(DecoderConfig config, int rank) => config with
    {
        HiddenSize = rank,
        NormEpsilon = config.NormEpsilon * config.HiddenSize / rank,
        TiedHead = false,
    };

    private sealed record Cut(ReasoningModel From, ReasoningModel To, Tensor Basis)
    {
        /// <summary>sqrt(d / r), how many times larger the root mean square of r components is than that of d with the same sum.</summary>
        private double Growth => System.Math.Sqrt((double)From.Config.HiddenSize / To.Config.HiddenSize);

        public void Fill()
        {
            var (table, norm) = (DecoderLayout.Embedding(From.Config), DecoderLayout.FinalNorm(From.Config));
            Put(table, Wide(table).matmul(Basis));
            Put(DecoderLayout.Head, Wide(From.Config.TiedHead ? table : DecoderLayout.Head).matmul(Behind(norm)));
            Even(norm);
            for (var layer = 0; layer < From.Config.Layers; layer++)
            {
                using var scope = NewDisposeScope();
                Block(DecoderLayout.Block(From.Config, layer));
            }
        }

        private void Block(BlockLayout block)
        {
            Reads(block.QueryKeyValue, block.AttentionNorm);
            if (block is { QueryNorm: { } queryNorm, KeyNorm: { } keyNorm })
            {
                Put(queryNorm + ".weight", Wide(queryNorm + ".weight"));
                Put(keyNorm + ".weight", Wide(keyNorm + ".weight"));
                Raise(block.QueryKeyValue);
            }

            Writes(block.Output);
            Reads(block.Up, block.FeedForwardNorm);
            Writes(block.Down);
        }

        /// <summary>Multiplies queries and keys, which norms of heads read with the epsilon that has become larger.</summary>
        private void Raise(MapLayout map)
        {
            var normed = (long)(From.Config.QueryHeads + From.Config.KeyValueHeads) * From.Config.HeadSize;
            foreach (var slot in map.Bias ? new[] { map.Matrix, map.BiasName } : [map.Matrix])
            {
                To.Parameters[slot].narrow(0, 0, normed).Multiply(Growth);
            }
        }

        /// <summary>A map behind a norm: W diag(w) U, its bias as it is.</summary>
        private void Reads(MapLayout map, string norm)
        {
            Put(map.Matrix, Wide(map.Matrix).matmul(Behind(norm)));
            if (map.Bias)
            {
                Put(map.BiasName, Wide(map.BiasName));
            }

            Even(norm);
        }

        /// <summary>A map whose images are added to the stream: U'W and U'b.</summary>
        private void Writes(MapLayout map)
        {
            Put(map.Matrix, Basis.t().matmul(Wide(map.Matrix)));
            if (map.Bias)
            {
                Put(map.BiasName, Basis.t().mv(Wide(map.BiasName)));
            }
        }

        /// <summary>What a norm's weight makes of the basis, diag(w) U.</summary>
        private Tensor Behind(string norm) => Wide(norm + ".weight").unsqueeze(1) * Basis;

        private void Even(string norm) =>
            To.Parameters[norm + ".weight"].FillWith(Growth);

        private Tensor Wide(string slot) => From.Parameters[slot].to(ScalarType.Float64);

        private void Put(string slot, Tensor values) => To.Parameters[slot].copy_(values);
    }
}
