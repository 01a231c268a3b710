using System.Runtime.InteropServices;

namespace LoRi.Files.Safetensors;

/// <summary>One tensor to be written: its name, type and shape, and what writes its bytes when their turn comes.</summary>
/// <param name="Name">The name in the file.</param>
/// <param name="Dtype">The element type as the format names it, for example <c>F32</c>.</param>
/// <param name="Shape">The size of every dimension, slowest first.</param>
/// <param name="Write">Writes exactly the tensor's bytes, little-endian and row-major.</param>
public sealed record SafetensorsContent(string Name, string Dtype, IReadOnlyList<long> Shape, Action<Stream> Write)
{
    /// <summary>Float64 values.</summary>
    /// <param name="name">The tensor's name in the file.</param>
    /// <param name="shape">Sizes of its axes; none for a scalar.</param>
    /// <param name="values">As many values as the shape asks for, the last axis varying fastest.</param>
    public static SafetensorsContent FromDoubles(string name, IReadOnlyList<long> shape, double[] values) =>
        new(name, "F64", shape, stream => stream.Write(MemoryMarshal.AsBytes<double>(values)));

    /// <summary>Float32 values.</summary>
    /// <param name="name">The tensor's name in the file.</param>
    /// <param name="shape">Sizes of its axes; none for a scalar.</param>
    /// <param name="values">As many values as the shape asks for, the last axis varying fastest.</param>
    public static SafetensorsContent FromFloats(string name, IReadOnlyList<long> shape, float[] values) =>
        new(name, "F32", shape, stream => stream.Write(MemoryMarshal.AsBytes<float>(values)));
}
