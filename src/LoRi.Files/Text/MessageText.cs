using System.Globalization;
using System.Text;

namespace LoRi.Files.Text;

/// <summary>Makes untrusted text fit for a one-line message.</summary>
public static class MessageText
{
    /// <summary>First half of the invisible characters from U+E0000 on, which copy the letters of ASCII.</summary>
    private const char TagsBegin = '\udb40';

    private const int Longest = 120, LongestMessage = 1500;

    /// <summary><paramref name="text"/> in double quotes, control characters escaped, the middle left out when it is long.</summary>
    /// <param name="text">Any text.</param>
    public static string Quote(string text) => $"\"{Escape(Cut(text, Longest, 20))}\"";

    /// <summary>A whole message on one line: control characters escaped, the middle left out when it is very long.</summary>
    /// <param name="message">Any text, with line breaks or without.</param>
    public static string OneLine(string message) => Cut(Escape(message.ReplaceLineEndings(" ")), LongestMessage, LongestMessage / 3);

    /// <summary>Names of which one is meant: "a, b or c".</summary>
    /// <param name="names">At least one name.</param>
    public static string Or(IReadOnlyList<string> names)
    {
        ArgumentNullException.ThrowIfNull(names);
        return names.Count < 2 ? string.Concat(names) : $"{string.Join(", ", names.SkipLast(1))} or {names[^1]}";
    }

    /// <summary>The first few of some names, and how many more there are.</summary>
    /// <param name="names">Any number of names.</param>
    public static string List(IReadOnlyCollection<string> names)
    {
        const int Shown = 4;
        var first = string.Join(", ", names.Take(Shown).Select(Quote));
        return names.Count == 0 ? "none" : names.Count <= Shown ? first : $"{first} and {names.Count - Shown} more";
    }

    /// <summary>A number with a point, whatever the language of the machine.</summary>
    /// <param name="number">Any number.</param>
    public static string Number(double number) => number.ToString("R", CultureInfo.InvariantCulture);

    /// <summary>A shape as <c>[2, 3]</c>.</summary>
    /// <param name="shape">The sizes, first axis first.</param>
    public static string Shape(IEnumerable<long> shape) => $"[{string.Join(", ", shape.Select(size => unchecked((ulong)size)))}]";

    /// <summary>A number of bytes in the unit that suits it.</summary>
    /// <param name="bytes">How many.</param>
    public static string Bytes(long bytes)
    {
        (double Unit, string Name) unit = bytes >= 1L << 30 ? (1L << 30, "GiB") : bytes >= 1L << 20 ? (1L << 20, "MiB") : (1L << 10, "KiB");
        return string.Create(CultureInfo.InvariantCulture, $"{bytes / unit.Unit:F1} {unit.Name}");
    }

    /// <summary>A text of at most <paramref name="longest"/> characters, about <paramref name="end"/> of them from its end.</summary>
    private static string Cut(string text, int longest, int end) => text.Length <= longest
        ? text
        : string.Concat(text.AsSpan(0, longest - end), "...", text.AsSpan(text.Length - end + 3));

    private static string Escape(string text) => Escape(text, IsEscaped);

    private static string Escape(string text, Func<char, bool> isEscaped)
    {
        if (!text.Any(c => isEscaped(c) || char.IsSurrogate(c)))
        {
            return text;
        }

        StringBuilder escaped = new();
        for (var i = 0; i < text.Length; i++)
        {
            if (i + 1 < text.Length && char.IsSurrogatePair(text[i], text[i + 1]) && text[i] != TagsBegin)
            {
                escaped.Append(text, i++, 2);
            }
            else if (isEscaped(text[i]) || char.IsSurrogate(text[i]))
            {
                escaped.Append(CultureInfo.InvariantCulture, $"\\u{(int)text[i]:x4}");
            }
            else
            {
                escaped.Append(text[i]);
            }
        }

        return escaped.ToString();
    }

    /// <summary>
    /// A name that comes from outside, as it may be printed: nothing in it moves, hides or reverses what stands around it.
    /// </summary>
    /// <param name="name">A name from a file or from the Hub.</param>
    public static string Name(string name) => Escape(name);

    /// <summary>
    /// A text that a model or a file made, for a terminal: control characters but line breaks and tabs, and characters that reverse the
    /// direction of what follows, become escapes. Joiners stay, which words of some scripts and emoji need.
    /// </summary>
    /// <param name="text">Any text.</param>
    public static string ForTerminal(string text) =>
        Escape(text, c => c is not ('\n' or '\t') && (char.IsControl(c) || IsDirection(c) || c is '\u2028' or '\u2029'));

    private static bool IsDirection(char c) => c is '\u061c' or (>= '\u202a' and <= '\u202e') or (>= '\u2066' and <= '\u2069');

    /// <summary>Control characters, half pairs, and what has no width or sets the direction of writing.</summary>
    private static bool IsEscaped(char c) => char.IsControl(c) || char.IsSurrogate(c) || IsDirection(c)
        || c is '\u00ad' or '\u034f' or '\u115f' or '\u1160' or '\u17b4' or '\u17b5' or '\u180e' or '\u3164' or '\ufeff' or '\uffa0'
            or (>= '\u200b' and <= '\u200f') or '\u2028' or '\u2029' or (>= '\u2060' and <= '\u206f') or (>= '\ufff9' and <= '\ufffb');
}
