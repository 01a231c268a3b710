namespace LoRi.Models.Decoders;

/// <summary>A family of checkpoints: what its <c>config.json</c> says in <c>model_type</c>.</summary>
public enum DecoderFamily
{
    /// <summary>Llama 2, 3, 3.1, 3.2, SmolLM2: rotary positions, RMSNorm, SwiGLU, grouped-query attention.</summary>
    Llama,

    /// <summary>As Llama, with attention to a sliding window.</summary>
    Mistral,

    /// <summary>Qwen 2 and 2.5: as Llama, with biases on queries, keys and values.</summary>
    Qwen2,

    /// <summary>As Llama, with an RMSNorm on every query and key head before the rotation.</summary>
    Qwen3,

    /// <summary>Learned positions, LayerNorm, GELU, biases everywhere, matrices stored [inputs, outputs].</summary>
    Gpt2,
}
