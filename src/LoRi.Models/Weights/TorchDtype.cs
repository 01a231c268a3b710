using TorchSharp;

namespace LoRi.Models.Weights;

/// <summary>The element types that a safetensors file and torch have in common.</summary>
internal static class TorchDtype
{
    private static readonly Dictionary<string, torch.ScalarType> Known = new(StringComparer.Ordinal)
    {
        ["BOOL"] = torch.ScalarType.Bool,
        ["U8"] = torch.ScalarType.Byte,
        ["I8"] = torch.ScalarType.Int8,
        ["I16"] = torch.ScalarType.Int16,
        ["F16"] = torch.ScalarType.Float16,
        ["BF16"] = torch.ScalarType.BFloat16,
        ["I32"] = torch.ScalarType.Int32,
        ["F32"] = torch.ScalarType.Float32,
        ["I64"] = torch.ScalarType.Int64,
        ["F64"] = torch.ScalarType.Float64,
        ["C64"] = torch.ScalarType.ComplexFloat32,
    };

    /// <summary>The torch type with the same bytes, or null when torch has none.</summary>
    /// <param name="dtype">The name in a safetensors file, for example <c>BF16</c>.</param>
    public static torch.ScalarType? Find(string dtype) => Known.TryGetValue(dtype, out var type) ? type : null;

    /// <summary>The name of a torch type in a safetensors file.</summary>
    /// <param name="type">The type.</param>
    /// <exception cref="ArgumentException">The format has no such type.</exception>
    public static string Name(torch.ScalarType type) =>
        Known.FirstOrDefault(pair => pair.Value == type).Key
        ?? throw new ArgumentException($"a safetensors file cannot hold {type}; convert the tensor first", nameof(type));
}
