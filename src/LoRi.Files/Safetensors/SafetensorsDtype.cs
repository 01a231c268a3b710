namespace LoRi.Files.Safetensors;

/// <summary>The element types of the safetensors format: their sizes.</summary>
internal static class SafetensorsDtype
{
    private static readonly Dictionary<string, int> Known = new(StringComparer.Ordinal)
    {
        ["BOOL"] = 8,
        ["U8"] = 8,
        ["I8"] = 8,
        ["I16"] = 16,
        ["U16"] = 16,
        ["F16"] = 16,
        ["BF16"] = 16,
        ["I32"] = 32,
        ["U32"] = 32,
        ["F32"] = 32,
        ["I64"] = 64,
        ["U64"] = 64,
        ["F64"] = 64,
        ["C64"] = 64,
        ["F8_E5M2"] = 8,
        ["F8_E4M3"] = 8,
        ["F8_E8M0"] = 8,
        ["F6_E2M3"] = 6,
        ["F6_E3M2"] = 6,
        ["F4"] = 4,
    };

    /// <summary>Bits of one element, or null when the format has no such type.</summary>
    public static int? Bits(string dtype) => Known.TryGetValue(dtype, out var bits) ? bits : null;

    /// <summary>All names, for messages.</summary>
    public static string Names => string.Join(", ", Known.Keys);
}
