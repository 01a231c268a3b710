using System.Text.Encodings.Web;
using System.Text.Json;

namespace LoRi.Files.Json;

/// <summary>How JSON files that people read are written.</summary>
internal static class JsonText
{
    /// <summary>Indented, and no more escapes than JSON needs.</summary>
    public static JsonSerializerOptions Indented { get; } =
        new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
}
