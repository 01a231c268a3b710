using TorchSharp;

namespace LoRi.Training.Checkpoints;

/// <summary>The element types of the safetensors format: their sizes, and the torch types of those that torch can hold.</summary>
internal static class SafetensorsDtype
{
    private static readonly Dictionary<string, (int Bits, torch.ScalarType? Torch)> Known = new(StringComparer.Ordinal)
    {
        ["BOOL"] = (8, torch.ScalarType.Bool),
        ["U8"] = (8, torch.ScalarType.Byte),
        ["I8"] = (8, torch.ScalarType.Int8),
        ["I16"] = (16, torch.ScalarType.Int16),
        ["U16"] = (16, null),
        ["F16"] = (16, torch.ScalarType.Float16),
        ["BF16"] = (16, torch.ScalarType.BFloat16),
        ["I32"] = (32, torch.ScalarType.Int32),
        ["U32"] = (32, null),
        ["F32"] = (32, torch.ScalarType.Float32),
        ["I64"] = (64, torch.ScalarType.Int64),
        ["U64"] = (64, null),
        ["F64"] = (64, torch.ScalarType.Float64),
        ["C64"] = (64, torch.ScalarType.ComplexFloat32),
        ["F8_E5M2"] = (8, null),
        ["F8_E4M3"] = (8, null),
        ["F8_E8M0"] = (8, null),
        ["F6_E2M3"] = (6, null),
        ["F6_E3M2"] = (6, null),
        ["F4"] = (4, null),
    };

    /// <summary>Bits of one element, or null when the format has no such type.</summary>
    public static int? Bits(string dtype) => Known.TryGetValue(dtype, out var known) ? known.Bits : null;

    /// <summary>The torch type with the same bytes, or null when torch has none.</summary>
    public static torch.ScalarType? ToTorch(string dtype) => Known.TryGetValue(dtype, out var known) ? known.Torch : null;

    /// <summary>The name of a torch type in a safetensors file.</summary>
    public static string FromTorch(torch.ScalarType type) =>
        Known.FirstOrDefault(pair => pair.Value.Torch == type).Key
        ?? throw new ArgumentException($"a safetensors file cannot hold {type}; convert the tensor first", nameof(type));

    /// <summary>All names, for messages.</summary>
    public static string Names => string.Join(", ", Known.Keys);
}
