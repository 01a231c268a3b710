using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Unicode;
using LoRi.Files.Disk;
using LoRi.Files.Text;

namespace LoRi.Files.Json;

/// <summary>Reads JSON files; what is wrong with one becomes an <see cref="InputException"/> that names it.</summary>
internal static class JsonFile
{
    /// <summary>The largest file that is read as one value: far more than any configuration has.</summary>
    private const long Largest = 1L << 24;
    /// <summary>More values than any configuration has; as an object that can be changed, each costs some sixty times its bytes.</summary>
    private const int MostValues = 1_000_000;

    private const int MaxDepth = 64;
    private static readonly JsonSerializerOptions TypedFormat =
        new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, RespectNullableAnnotations = true };

    /// <summary>The bytes of a configuration, or of another file of its size.</summary>
    public static byte[] ReadBytes(string path) => InputFile.ReadBytes(path, Largest);

    /// <summary>The whole file as a document.</summary>
    /// <param name="path">The file.</param>
    /// <param name="largest">How many bytes it may have.</param>
    public static JsonDocument ReadDocument(string path, long largest = Largest) => Parse(path, InputFile.ReadBytes(path, largest));

    /// <summary>
    /// The whole file as a value of a type whose properties are its fields, in lower case with underscores; required ones must be
    /// there, others may be null only where they say so.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="remedy">What to do where the file is not such a value.</param>
    public static T ReadTyped<T>(string path, string remedy)
    {
        using var document = ReadDocument(path);
        try
        {
            return document.RootElement.Deserialize<T>(TypedFormat)
                ?? throw new InputException($"{path}: holds null where an object is needed; {remedy}");
        }
        catch (JsonException e)
        {
            var reason = JsonReason.What(e);
            var fault = e.Path is not { Length: > 2 } at || reason.StartsWith('"') ? reason
                : reason.EndsWith("is null", StringComparison.Ordinal) ? $"{MessageText.Quote(at[2..])} is null"
                : $"{reason} in {MessageText.Quote(at[2..])}";
            throw new InputException($"{path}: {fault}; {remedy}", e);
        }
    }

    /// <summary>Bytes that came from <paramref name="path"/> as a document.</summary>
    public static JsonDocument Parse(
        string path, ReadOnlyMemory<byte> bytes, string remedy = "the file is damaged, fetch or write it again")
    {
        if (bytes.Span.StartsWith((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF]))
        {
            bytes = bytes[3..];
        }

        if (FileCause.Of(bytes.Span) is { } cause)
        {
            throw new InputException($"{path}: is {cause}");
        }

        try
        {
            CheckUnicode(path, bytes.Span);
            return JsonDocument.Parse(bytes, new JsonDocumentOptions { MaxDepth = MaxDepth });
        }
        catch (JsonException e)
        {
            throw new InputException(
                ForeignWord.At(e, bytes.Span) is { } word
                    ? $"{path}, line {(e.LineNumber ?? 0) + 1}: {word} stands there, which JSON does not have; write null, a number or a "
                        + "text in its place"
                    : $"{path}: is not valid JSON ({JsonReason.Of(e)}); {remedy}", e);
        }
    }

    /// <summary>The whole file as an object.</summary>
    public static JsonObject ReadObject(string path)
    {
        var bytes = ReadBytes(path);
        if (bytes.AsSpan().Count((byte)',') > MostValues)
        {
            throw new InputException($"{path}: holds more than {MostValues} values; check that it is the right file");
        }

        using var document = Parse(path, bytes);
        return Object(path, document);
    }

    /// <summary>
    /// Bytes that came from <paramref name="path"/> as an object; <paramref name="remedy"/> is what to do where they are not
    /// JSON.
    /// </summary>
    public static JsonObject ParseObject(string path, ReadOnlyMemory<byte> bytes, string remedy)
    {
        using var document = Parse(path, bytes, remedy);
        return Object(path, document);
    }

    private static JsonObject Object(string path, JsonDocument document)
    {
        try
        {
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? (JsonObject)JsonNode.Parse(
                    document.RootElement.GetRawText(), null, new JsonDocumentOptions { AllowDuplicateProperties = false })!
                : throw new InputException(
                    $"{path}: holds a JSON {document.RootElement.ValueKind} where an object is needed; check that it is the right file");
        }
        catch (JsonException e)
        {
            throw new InputException($"{path}: is not usable JSON ({JsonReason.Of(e)}); correct the file", e);
        }
    }

    /// <summary>
    /// Refuses what is not UTF-8, and escapes of half a surrogate pair: the parser lets both pass, and every later look at such a
    /// text would fail.
    /// </summary>
    private static void CheckUnicode(string path, ReadOnlySpan<byte> bytes)
    {
        if (!Utf8.IsValid(bytes))
        {
            throw new InputException($"{path}: is not UTF-8; the file is damaged, fetch or write it again");
        }

        if (JsonUnicode.HalfPair(bytes, MaxDepth) is { } end)
        {
            throw new InputException($"{path}: has half a surrogate pair, which is no Unicode, before byte {end}; correct the file");
        }
    }
}
