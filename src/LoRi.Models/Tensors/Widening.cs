using static TorchSharp.torch;

namespace LoRi.Models.Tensors;

/// <summary>What is summed over many numbers is summed in float32 or better, whatever a model computes in.</summary>
internal static class Widening
{
    /// <summary>bfloat16 as float32; every other type as it is.</summary>
    public static Tensor Widened(this Tensor values) => values.dtype == ScalarType.BFloat16 ? values.to(ScalarType.Float32) : values;
}
