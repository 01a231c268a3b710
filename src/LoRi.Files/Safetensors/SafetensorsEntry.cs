namespace LoRi.Files.Safetensors;

/// <summary>One tensor of a safetensors file: where it lies and how its bytes are to be read.</summary>
/// <param name="Name">The name, as it is in the file.</param>
/// <param name="Dtype">The element type, as it is in the file, for example <c>F32</c>.</param>
/// <param name="Shape">
/// The size of every dimension, slowest first; empty for a scalar. A tensor without elements may have sizes from 2^63 on, which are here
/// as the negative numbers of the same bits.
/// </param>
/// <param name="Begin">The first byte, counted from the beginning of the file.</param>
/// <param name="End">One past the last byte.</param>
public sealed record SafetensorsEntry(string Name, string Dtype, IReadOnlyList<long> Shape, long Begin, long End)
{
    /// <summary>Bytes of the tensor.</summary>
    public long Length => End - Begin;

    /// <summary>The number of elements.</summary>
    public long Count => Shape.Aggregate(1L, (product, size) => unchecked(product * size));
}
