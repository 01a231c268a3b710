using TorchSharp;
using static TorchSharp.torch;

namespace LoRi.Training.Models;

/// <summary>The matrices of one block as a pass uses them.</summary>
public sealed record BlockWeights(
    Tensor AttentionNorm, Tensor QueryKeyValue, Tensor Output, Tensor FeedForwardNorm, Tensor GateUp, Tensor Down);

/// <summary>All weights of a decoder in the compute type. Made once per step; belongs to the open dispose scope.</summary>
public sealed record DecoderWeights(Tensor Embedding, IReadOnlyList<BlockWeights> Blocks, Tensor FinalNorm, Tensor Head)
{
    /// <summary>Reads the parameters, casting them where the compute type is another one.</summary>
    public static DecoderWeights From(DecoderConfig config, ParameterSet parameters, ScalarType computeType)
    {
        Tensor Read(string name) => parameters[name].dtype == computeType ? parameters[name] : parameters[name].to(computeType);
        var embedding = Read("model.embed_tokens.weight");
        var blocks = Enumerable.Range(0, config.Layers).Select(layer => $"model.layers.{layer}.").Select(prefix => new BlockWeights(
            Read(prefix + "input_layernorm.weight"),
            Read(prefix + "self_attn.qkv"),
            Read(prefix + "self_attn.o_proj.weight"),
            Read(prefix + "post_attention_layernorm.weight"),
            Read(prefix + "mlp.gate_up"),
            Read(prefix + "mlp.down_proj.weight"))).ToArray();
        return new DecoderWeights(embedding, blocks, Read("model.norm.weight"), config.TiedHead ? embedding : Read("lm_head.weight"));
    }
}
