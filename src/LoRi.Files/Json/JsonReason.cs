using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using LoRi.Files.Text;

namespace LoRi.Files.Json;

/// <summary>
/// What a JSON error says about the file: the reader's words about its own state and about types of this program are left out,
/// and lines and bytes are counted from 1.
/// </summary>
internal static partial class JsonReason
{
    /// <summary>The reason, with the place in the text where it is known.</summary>
    public static string Of(JsonException error)
    {
        ArgumentNullException.ThrowIfNull(error);
        return error.LineNumber is { } line
            ? string.Create(CultureInfo.InvariantCulture, $"{What(error)}, at line {line + 1}, byte {error.BytePositionInLine + 1}")
            : What(error);
    }

    /// <summary>The reason alone, for text that is one line of a file.</summary>
    public static string What(JsonException error)
    {
        ArgumentNullException.ThrowIfNull(error);
        var text = error.Message.ReplaceLineEndings(" ");
        return text.StartsWith("The input does not contain any JSON", StringComparison.Ordinal) ? "there is nothing in it"
            : text.StartsWith("Expected depth to be zero", StringComparison.Ordinal)
                ? "it ends before all of its braces and brackets are closed"
            : text.StartsWith("The maximum configured depth", StringComparison.Ordinal) ? "it is nested too deeply"
            : text.Contains("contains a trailing comma", StringComparison.Ordinal) ? "a comma stands before a closing brace or bracket"
            : Unknown().Match(text) is { Success: true } unknown ? $"there is no such field as {MessageText.Quote(unknown.Groups[1].Value)}"
            : Twice().Match(text) is { Success: true } twice ? $"{MessageText.Quote(twice.Groups[1].Value)} stands there twice"
            : Missing().Match(text) is { Success: true } missing ? $"lacks {missing.Groups[1].Value.TrimEnd('.')}"
            : Null().Match(text) is { Success: true } none ? $"'{Snake(none.Groups[1].Value)}' is null"
            : text.Contains("could not be converted to", StringComparison.Ordinal) ? $"{Field(error)} has a value of the wrong kind"
            : Place().Split(text)[0].Replace(", when isFinalBlock is true", "", StringComparison.Ordinal).TrimEnd('.', ' ');
    }

    private static string Snake(string name) => JsonNamingPolicy.SnakeCaseLower.ConvertName(name);

    private static string Field(JsonException error) =>
        error.Path is { Length: > 2 } path && path.StartsWith("$.", StringComparison.Ordinal)
        ? MessageText.Quote(path[2..])
        : "the whole";

    [GeneratedRegex(@"JSON property '(.*?)' could not be mapped", RegexOptions.CultureInvariant)]
    private static partial Regex Unknown();

    [GeneratedRegex(@"Duplicate property '(.*?)'", RegexOptions.CultureInvariant)]
    private static partial Regex Twice();

    [GeneratedRegex(@"missing required properties including: (.+?)(?= Path: |$)", RegexOptions.CultureInvariant)]
    private static partial Regex Missing();

    [GeneratedRegex(@"(?:property or field|constructor parameter) '(\w+)' on type .* doesn't allow", RegexOptions.CultureInvariant)]
    private static partial Regex Null();

    [GeneratedRegex(@" Path: | ?LineNumber: ", RegexOptions.CultureInvariant)]
    private static partial Regex Place();
}
