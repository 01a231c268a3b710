using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace LoRi.Files.Json;

/// <summary>Words of Python or JavaScript in what should be JSON, such as the NaN that some programs write.</summary>
internal static partial class ForeignWord
{
    private const int Longest = 10;

    /// <summary>The word at the place that the parser objects to; null where there is none.</summary>
    /// <param name="error">What the parser says.</param>
    /// <param name="text">The whole text, in UTF-8.</param>
    public static string? At(JsonException error, ReadOnlySpan<byte> text)
    {
        ArgumentNullException.ThrowIfNull(error);
        var rest = text;
        for (var line = error.LineNumber ?? 0; line > 0 && rest.IndexOf((byte)'\n') is var end and >= 0; line--)
        {
            rest = rest[(end + 1)..];
        }

        var at = (int)long.Min(error.BytePositionInLine ?? 0, rest.Length);
        var begin = int.Max(0, at - Longest + 1);
        var window = Encoding.UTF8.GetString(rest[begin..int.Min(rest.Length, at + Longest)]);
        return Words().Matches(window)
            .FirstOrDefault(match => match.Index <= at - begin && match.Index + match.Length >= at - begin)?.Value;
    }

    [GeneratedRegex(@"-?\b(?:NaN|nan|Infinity|inf|None|True|False|undefined)\b", RegexOptions.CultureInvariant)]
    private static partial Regex Words();
}
