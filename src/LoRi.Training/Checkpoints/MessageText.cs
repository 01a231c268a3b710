using System.Globalization;
using System.Text;

namespace LoRi.Training;

/// <summary>Makes untrusted text fit for a one-line message.</summary>
internal static class MessageText
{
    private const int Longest = 120;

    /// <summary><paramref name="text"/> in double quotes, control characters escaped, the middle left out when it is long.</summary>
    public static string Quote(string text)
    {
        if (text.Length > Longest)
        {
            text = string.Concat(text.AsSpan(0, Longest - 20), "...", text.AsSpan(text.Length - 17));
        }

        StringBuilder quoted = new("\"");
        foreach (char c in text)
        {
            if (char.IsControl(c) || char.IsSurrogate(c) || c is '\u2028' or '\u2029')
            {
                quoted.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
            }
            else
            {
                quoted.Append(c);
            }
        }

        return quoted.Append('"').ToString();
    }

    /// <summary>The first few of some names, and how many more there are.</summary>
    public static string List(IReadOnlyCollection<string> names)
    {
        const int Shown = 4;
        string first = string.Join(", ", names.Take(Shown).Select(Quote));
        return names.Count == 0 ? "none" : names.Count <= Shown ? first : $"{first} and {names.Count - Shown} more";
    }

    /// <summary>A shape as <c>[2, 3]</c>.</summary>
    public static string Shape(IEnumerable<long> shape) => $"[{string.Join(", ", shape)}]";

    /// <summary>A number of bytes in the unit that suits it.</summary>
    public static string Bytes(long bytes)
    {
        (double Unit, string Name) unit = bytes >= 1L << 30 ? (1L << 30, "GiB") : bytes >= 1L << 20 ? (1L << 20, "MiB") : (1L << 10, "KiB");
        return string.Create(CultureInfo.InvariantCulture, $"{bytes / unit.Unit:F1} {unit.Name}");
    }
}
