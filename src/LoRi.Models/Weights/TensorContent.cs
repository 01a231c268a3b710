using LoRi.Files.Safetensors;
using TorchSharp;

namespace LoRi.Models.Weights;

/// <summary>Torch tensors as the content of a safetensors file.</summary>
internal static class TensorContent
{
    private const int PieceElements = 4 << 20;

    /// <summary>A tensor on any device; it must live until the file is written.</summary>
    public static SafetensorsContent FromTensor(string name, torch.Tensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        return new(name, TorchDtype.Name(tensor.dtype), tensor.shape, stream => WriteTensor(stream, tensor, tensor.dtype));
    }

    /// <summary>
    /// A tensor that is made when its turn comes, so that one at a time is held, and rounded to a type where it has another.
    /// </summary>
    /// <param name="name">The name in the file.</param>
    /// <param name="type">The type in the file.</param>
    /// <param name="shape">The size of every dimension, slowest first.</param>
    /// <param name="make">Makes the tensor, which is disposed of afterwards.</param>
    public static SafetensorsContent FromDeferred(string name, torch.ScalarType type, IReadOnlyList<long> shape, Func<torch.Tensor> make) =>
        new(name, TorchDtype.Name(type), shape, stream =>
        {
            using var tensor = make();
            WriteTensor(stream, tensor, type);
        });

    private static void WriteTensor(Stream stream, torch.Tensor tensor, torch.ScalarType type)
    {
        using var detached = tensor.detach();
        using var whole = detached.contiguous();
        using var flat = whole.view(-1);
        for (long first = 0; first < flat.NumberOfElements; first += PieceElements)
        {
            using var part = flat.narrow(0, first, long.Min(PieceElements, flat.NumberOfElements - first));
            using var onCpu = part.cpu();
            using var typed = onCpu.to(type);
            stream.Write(typed.bytes);
        }
    }
}
