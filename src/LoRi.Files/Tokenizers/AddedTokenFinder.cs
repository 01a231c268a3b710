using System.Buffers;
using System.Globalization;
using System.Text;

namespace LoRi.Files.Tokenizers;

/// <summary>Finds added tokens in a text: the leftmost first, and the longest of those that begin there.</summary>
internal sealed class AddedTokenFinder
{
    private readonly Dictionary<char, (string Content, AddedToken Token)[]> byFirst;
    private readonly SearchValues<char> firsts;

    /// <summary>Looks for the given tokens by the given texts.</summary>
    public AddedTokenFinder(IEnumerable<(string Content, AddedToken Token)> tokens)
    {
        byFirst = tokens.Where(pair => pair.Content.Length > 0)
            .GroupBy(pair => pair.Content[0])
            .ToDictionary(group => group.Key, group => group.OrderByDescending(pair => pair.Content.Length).ToArray());
        firsts = SearchValues.Create([.. byFirst.Keys]);
    }

    /// <summary>The parts of the text in order: added tokens, and what lies between them (no token); none is empty.</summary>
    public List<(int Start, int End, AddedToken? Token)> Split(string text)
    {
        List<(int Start, int End, AddedToken? Token)> parts = [];
        var done = 0;
        for (var at = Next(text, 0); at < text.Length; at = Next(text, at))
        {
            (var content, var token) = Match(text, at);
            int start = at, end = at + (content?.Length ?? 1);
            at = end;
            if (token is null || (token.SingleWord && !IsWord(text, start, end)))
            {
                continue;
            }

            start = int.Max(done, token.LeftStrip ? BeforeSpace(text, start) : start);
            end = token.RightStrip ? AfterSpace(text, end) : end;
            Add(parts, done, start, null);
            Add(parts, start, end, token);
            at = done = end;
        }

        Add(parts, done, text.Length, null);
        return parts;
    }

    /// <summary>Where an added token may begin next; the text's length when there is no such place.</summary>
    private int Next(string text, int at)
    {
        var step = text.AsSpan(at).IndexOfAny(firsts);
        return step < 0 ? text.Length : at + step;
    }

    private static void Add(List<(int Start, int End, AddedToken? Token)> parts, int start, int end, AddedToken? token)
    {
        if (start < end)
        {
            parts.Add((start, end, token));
        }
    }

    private (string? Content, AddedToken? Token) Match(string text, int at)
    {
        var rest = text.AsSpan(at);
        foreach ((var content, var token) in byFirst[text[at]])
        {
            if (rest.StartsWith(content, StringComparison.Ordinal))
            {
                return (content, token);
            }
        }

        return (null, null);
    }

    private static bool IsWord(string text, int start, int end) =>
        !(Rune.DecodeLastFromUtf16(text.AsSpan(0, start), out var before, out _) == OperationStatus.Done && IsWordPart(before))
        && !(Rune.DecodeFromUtf16(text.AsSpan(end), out var after, out _) == OperationStatus.Done && IsWordPart(after));

    private static bool IsWordPart(Rune rune) =>
        Rune.IsLetterOrDigit(rune)
        || Rune.GetUnicodeCategory(rune) is UnicodeCategory.ConnectorPunctuation or UnicodeCategory.NonSpacingMark
            or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark or UnicodeCategory.LetterNumber;

    private static int BeforeSpace(string text, int at)
    {
        while (at > 0 && char.IsWhiteSpace(text[at - 1]))
        {
            at--;
        }

        return at;
    }

    private static int AfterSpace(string text, int at)
    {
        while (at < text.Length && char.IsWhiteSpace(text[at]))
        {
            at++;
        }

        return at;
    }
}
