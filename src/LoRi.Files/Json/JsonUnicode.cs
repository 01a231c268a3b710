using System.Text.Json;

namespace LoRi.Files.Json;

/// <summary>
/// Finds escapes of half a surrogate pair in JSON: the parser lets them pass, and every later look at such a text, be it a name
/// that is never asked for, would fail.
/// </summary>
internal static class JsonUnicode
{
    /// <summary>How many bytes end with the first half of a pair; null where there is none.</summary>
    /// <param name="bytes">JSON in UTF-8.</param>
    /// <param name="maxDepth">How deep it may be nested.</param>
    /// <exception cref="JsonException">It is not JSON.</exception>
    internal static long? HalfPair(ReadOnlySpan<byte> bytes, int maxDepth)
    {
        if (bytes.IndexOf("\\ud"u8) < 0 && bytes.IndexOf("\\uD"u8) < 0)
        {
            return null;
        }

        Utf8JsonReader reader = new(bytes, new JsonReaderOptions { MaxDepth = maxDepth });
        try
        {
            while (reader.Read())
            {
                if (reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName && reader.ValueIsEscaped)
                {
                    reader.GetString();
                }
            }

            return null;
        }
        catch (InvalidOperationException)
        {
            return reader.BytesConsumed;
        }
    }
}
