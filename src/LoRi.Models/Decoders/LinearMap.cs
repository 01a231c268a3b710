using LoRi.Models.Tensors;
using static TorchSharp.torch;

namespace LoRi.Models.Decoders;

/// <summary>One linear map as a pass uses it: x to x W^T + b.</summary>
/// <param name="Matrix">[outputs, inputs], or [inputs, outputs] where <paramref name="InputFirst"/> says so.</param>
/// <param name="Bias">[outputs]; null where the map has none.</param>
/// <param name="InputFirst">Whether the inputs are the matrix's rows, as GPT-2 stores it.</param>
/// <param name="Adapter">What adapters add to the image; null where there are none.</param>
public sealed record LinearMap(Tensor Matrix, Tensor? Bias = null, bool InputFirst = false, LowRankMap? Adapter = null)
{
    /// <summary>Takes the matrix's gradient in place of autograd; null for autograd's own.</summary>
    internal DeferredMatrix? Deferred { get; init; }

    /// <summary>The matrix where it stays as it is stored: <see cref="Matrix"/> has its shape alone then. Null elsewhere.</summary>
    internal StoredMatrix? Stored { get; init; }

    /// <summary>The image of <paramref name="x"/>, [.., inputs] to [.., outputs].</summary>
    /// <param name="x">States [.., inputs].</param>
    public Tensor Apply(Tensor x)
    {
        var image = Stored is { } stored ? WithBias(stored.Image(x)) : Deferred?.Image(Matrix, Bias, x) ?? Plain(x);
        return Adapter is null ? image : image.Plus(Adapter.Apply(x));
    }

    private Tensor Plain(Tensor x) => !InputFirst && FewRowProduct.Fits(Matrix, x)
        ? WithBias(FewRowProduct.Of(Matrix, x))
        : nn.functional.linear(x, InputFirst ? Matrix.t() : Matrix, Bias);

    private Tensor WithBias(Tensor image) => Bias is null ? image : image.Plus(Bias);
}
