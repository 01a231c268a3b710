using System.Runtime.InteropServices;
using TorchSharp;

namespace LoRi.Training.Checkpoints;

/// <summary>One tensor to be written: its name, type and shape, and what writes its bytes when their turn comes.</summary>
/// <param name="Name">The name in the file.</param>
/// <param name="Dtype">The element type as the format names it, for example <c>F32</c>.</param>
/// <param name="Shape">The size of every dimension, slowest first.</param>
/// <param name="Write">Writes exactly the tensor's bytes, little-endian and row-major.</param>
public sealed record SafetensorsContent(string Name, string Dtype, IReadOnlyList<long> Shape, Action<Stream> Write)
{
    private const int PieceElements = 4 << 20;

    /// <summary>Float64 values.</summary>
    public static SafetensorsContent FromDoubles(string name, IReadOnlyList<long> shape, double[] values) =>
        new(name, "F64", shape, stream => stream.Write(MemoryMarshal.AsBytes<double>(values)));

    /// <summary>Float32 values.</summary>
    public static SafetensorsContent FromFloats(string name, IReadOnlyList<long> shape, float[] values) =>
        new(name, "F32", shape, stream => stream.Write(MemoryMarshal.AsBytes<float>(values)));

    /// <summary>A tensor on any device; it must live until the file is written.</summary>
    public static SafetensorsContent FromTensor(string name, torch.Tensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        return new(name, SafetensorsDtype.FromTorch(tensor.dtype), tensor.shape, stream => WriteTensor(stream, tensor, tensor.dtype));
    }

    /// <summary>A tensor that is made when its turn comes, so that one at a time is held, and rounded to a type where it has another.</summary>
    /// <param name="name">The name in the file.</param>
    /// <param name="type">The type in the file.</param>
    /// <param name="shape">The size of every dimension, slowest first.</param>
    /// <param name="make">Makes the tensor, which is disposed of afterwards.</param>
    public static SafetensorsContent FromDeferred(string name, torch.ScalarType type, IReadOnlyList<long> shape, Func<torch.Tensor> make) =>
        new(name, SafetensorsDtype.FromTorch(type), shape, stream =>
        {
            using torch.Tensor tensor = make();
            WriteTensor(stream, tensor, type);
        });

    private static void WriteTensor(Stream stream, torch.Tensor tensor, torch.ScalarType type)
    {
        using torch.Tensor detached = tensor.detach();
        using torch.Tensor whole = detached.contiguous();
        using torch.Tensor flat = whole.view(-1);
        for (long first = 0; first < flat.NumberOfElements; first += PieceElements)
        {
            using torch.Tensor part = flat.narrow(0, first, long.Min(PieceElements, flat.NumberOfElements - first));
            using torch.Tensor onCpu = part.cpu();
            using torch.Tensor typed = onCpu.to(type);
            stream.Write(typed.bytes);
        }
    }
}
