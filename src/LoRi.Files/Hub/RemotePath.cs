using System.Text;

namespace LoRi.Files.Hub;

/// <summary>Names that a server gives to files: they must stay within the folder that they are put into, on every system.</summary>
internal static class RemotePath
{
    private const int LongestPath = 1024, LongestSegment = 255;

    private static readonly HashSet<string> Devices = new(
        ["CON", "PRN", "AUX", "NUL", .. Enumerable.Range(0, 10).SelectMany(n => new[] { $"COM{n}", $"LPT{n}" })],
        StringComparer.OrdinalIgnoreCase);

    /// <summary>What is wrong with a name, or null where it is a plain relative path with forward slashes.</summary>
    public static string? Problem(string path)
    {
        if (path.Length is 0 or > LongestPath)
        {
            return path.Length == 0 ? "is empty" : $"is longer than {LongestPath} characters";
        }

        if (path.Any(c => char.IsControl(c) || c is '\\' or ':' or '\u2028' or '\u2029') || !IsUnicode(path))
        {
            return "has a backslash, a colon, a control character or broken Unicode";
        }

        return path.Split('/').Select(SegmentProblem).FirstOrDefault(problem => problem is not null);
    }

    private static string? SegmentProblem(string segment) => segment switch
    {
        "" => "is absolute or has an empty part",
        "." or ".." => $"has the part '{segment}'",
        _ when segment[^1] is '.' or ' ' => "has a part that ends in a dot or a space",
        _ when Encoding.UTF8.GetByteCount(segment) > LongestSegment => $"has a part of more than {LongestSegment} bytes",
        _ when segment.Equals(".git", StringComparison.OrdinalIgnoreCase) => "would write into a .git folder",
        _ when Devices.Contains(segment.Split('.', 2)[0].TrimEnd()) => "has a part that names a device on Windows",
        _ when segment.EndsWith(PartialFile.Ending, StringComparison.OrdinalIgnoreCase) =>
            $"ends in {PartialFile.Ending}, which marks unfinished files here",
        _ => null,
    };

    private static bool IsUnicode(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            var pair = i + 1 < text.Length && char.IsSurrogatePair(text[i], text[i + 1]);
            if (char.IsSurrogate(text[i]) && !pair)
            {
                return false;
            }

            i += pair ? 1 : 0;
        }

        return true;
    }
}
