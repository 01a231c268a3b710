using LoRi.Models.Decoders;
using LoRi.Models.Tensors;
using static TorchSharp.torch;

namespace LoRi.Training.Methods.Kava;

/// <summary>Which keys are compared.</summary>
internal enum KeyForm
{
    /// <summary>Those before they are rotated by their position, which is another one for a chain's token and a latent step.</summary>
    BeforeRope,

    /// <summary>Those that are cached.</summary>
    AfterRope,
}

/// <summary>Heads of all blocks of a pass, [L, B, heads, T, head size], in float32 at least.</summary>
/// <param name="Keys">The keys that are compared.</param>
/// <param name="Values">Values.</param>
/// <param name="MetQueries">Queries as they meet the keys.</param>
/// <param name="MetKeys">Keys as they are met.</param>
internal sealed record CacheHeads(Tensor Keys, Tensor Values, Tensor MetQueries, Tensor MetKeys)
{
    /// <summary>The heads of a traced pass.</summary>
    /// <param name="trace">The trace.</param>
    /// <param name="layers">Blocks of the decoder.</param>
    /// <param name="form">Which keys are compared.</param>
    public static CacheHeads Of(DecoderTrace trace, int layers, KeyForm form)
    {
        Tensor All(Func<DecoderTrace.Heads, Tensor> choose) =>
            stack(Enumerable.Range(0, layers).Select(layer => choose(trace[layer]).Widened()), 0);
        var met = All(heads => heads.Keys);
        var compared = form == KeyForm.AfterRope ? met : All(heads => heads.PlainKeys);
        return new(compared, All(heads => heads.Values), All(heads => heads.Queries), met);
    }
}
