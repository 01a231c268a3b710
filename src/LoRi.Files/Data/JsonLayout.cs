using System.Text.Json;
using LoRi.Files.Json;
using LoRi.Files.Text;

namespace LoRi.Files.Data;

/// <summary>
/// Tells why JSON that is no file of rows is none: one object over several lines, rows under a key, numbers that JSON does not
/// have.
/// </summary>
internal static class JsonLayout
{
    /// <summary>Refuses a file whose first object goes on behind its first line.</summary>
    /// <param name="path">The file.</param>
    /// <param name="start">Its first bytes.</param>
    /// <param name="whole">Whether these are all.</param>
    /// <exception cref="InputException">It does.</exception>
    internal static void CheckLines(string path, ReadOnlySpan<byte> start, bool whole)
    {
        var text = start.StartsWith("\ufeff"u8) ? start[3..] : start;
        text = text.TrimStart(" \t\r\n"u8);
        if (text.IndexOf((byte)'\n') is var line and > 0 && !text.IsEmpty && text[0] == (byte)'{' && GoesOn(text, line, whole, out var key))
        {
            throw new InputException(key is null
                ? $"{path}: one object stands on several lines; each must stand on one line of its own (jq -c . FILE writes it so), or all "
                    + "in one list"
                : $"{path}: {UnderKey(key)}");
        }
    }

    /// <summary>What to say of rows that stand under a key.</summary>
    internal static string UnderKey(string key) =>
        $"the rows stand under {MessageText.Quote(key)} in one object; write that list alone, or one row a line (jq -c '.{key}[]' FILE "
        + "writes it so)";

    /// <summary>Why a text is no JSON.</summary>
    /// <param name="error">What the parser says.</param>
    /// <param name="text">The whole text.</param>
    internal static string Reason(JsonException error, ReadOnlySpan<byte> text)
    {
        var reason = JsonReason.What(error);
        return ForeignWord.At(error, text) is { } word
            ? $"{word} stands there, which JSON does not have; write null, a number or a text in its place"
            : reason.Contains("before all of its braces", StringComparison.Ordinal) ? $"{reason}; an object must stand on one line"
            : reason.Contains("after a single JSON value", StringComparison.Ordinal)
                ? "something follows the first value; there must be one object a line"
            : reason;
    }

    private static bool GoesOn(ReadOnlySpan<byte> text, int line, bool whole, out string? key)
    {
        key = null;
        var reader = new Utf8JsonReader(text, isFinalBlock: false, state: default);
        var (last, inList) = ("", false);
        try
        {
            while (reader.Read())
            {
                if (reader.TokenType == JsonTokenType.PropertyName && reader.CurrentDepth == 1)
                {
                    last = reader.GetString()!;
                }
                else if (reader.CurrentDepth == 1 && reader.TokenType is JsonTokenType.StartArray or JsonTokenType.StartObject)
                {
                    inList = reader.TokenType == JsonTokenType.StartArray;
                }
                else if (inList && reader.TokenType == JsonTokenType.StartObject && reader.CurrentDepth == 2)
                {
                    key ??= last;
                }
                else if (reader.TokenType == JsonTokenType.EndObject && reader.CurrentDepth == 0)
                {
                    // A list in the first of several objects is a field of a row.
                    key = text[(int)reader.BytesConsumed..].Trim(" \t\r\n"u8).IsEmpty ? key : null;
                    return reader.TokenStartIndex > line;
                }
            }

            return !whole && reader.TokenStartIndex > line;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return false;
        }
    }
}
