using System.Collections.Concurrent;
using System.Globalization;

namespace LoRi.Files.Tokenizers;

/// <summary>
/// Which character of one UTF-16 unit stands for a code point above U+FFFF where an expression is matched: one of the same general
/// category that the expression does not name, and one of their own for those that it names.
/// </summary>
internal sealed class AstralAlphabet
{
    private const int First = 0x10000, Last = 0x10FFFF;

    /// <summary>
    /// Characters outside the categories of letters that count as letters of a word; the circled ones have counterparts above
    /// U+FFFF.
    /// </summary>
    private static readonly (int From, int To)[] Letters = [(0x24B6, 0x24E9), (0x1F130, 0x1F149), (0x1F150, 0x1F169), (0x1F170, 0x1F189)];

    private readonly (int From, int To)[] named;
    private readonly int[] cuts;
    private readonly Dictionary<(int Interval, UnicodeCategory Category), char> own = [];
    private readonly HashSet<char> reserved = [];
    private readonly ConcurrentDictionary<(bool Letter, UnicodeCategory Category), char> common = [];

    /// <summary>An alphabet for an expression that names the given ranges of code points.</summary>
    public AstralAlphabet(IEnumerable<(int From, int To)> named)
    {
        this.named = [.. named];
        (int From, int To)[] astral = [.. this.named.Where(range => range.To >= First)];
        cuts = [.. astral.SelectMany(range => new[] { range.From, range.To + 1 }).Where(cut => cut is > First and <= Last).Append(First)
            .Distinct().Order()];
        for (var i = 0; i < cuts.Length; i++)
        {
            int from = cuts[i], to = End(i);
            if (astral.Any(range => range.From <= from && to <= range.To))
            {
                Reserve(i, from, to);
            }
        }
    }

    /// <summary>For steps that look at categories alone.</summary>
    public static AstralAlphabet Plain { get; } = new([]);

    /// <summary>Whether texts without code points above U+FFFF are matched as they are.</summary>
    public bool KeepsUnits => reserved.Count == 0;

    /// <summary>What stands for a character of the text.</summary>
    public char Of(int code)
    {
        var category = CharUnicodeInfo.GetUnicodeCategory(code);
        if (code < First)
        {
            return reserved.Contains((char)code) ? Common(code, category) : (char)code;
        }

        return this.own.TryGetValue((IntervalOf(code), category), out var own) ? own : Common(code, category);
    }

    /// <summary>What stands for the code points above U+FFFF of a range that the expression names.</summary>
    public IEnumerable<char> In(int from, int to) =>
        own.Where(pair => cuts[pair.Key.Interval] >= from && End(pair.Key.Interval) <= to).Select(pair => pair.Value);

    private int End(int interval) => interval + 1 < cuts.Length ? cuts[interval + 1] - 1 : Last;

    private int IntervalOf(int code)
    {
        var found = Array.BinarySearch(cuts, code);
        return found >= 0 ? found : ~found - 1;
    }

    private void Reserve(int interval, int from, int to)
    {
        for (var code = from; code <= to; code++)
        {
            var category = CharUnicodeInfo.GetUnicodeCategory(code);
            if (!own.ContainsKey((interval, category)))
            {
                var free = Free(IsLetter(code), category);
                own[(interval, category)] = free;
                reserved.Add(free);
            }
        }
    }

    private char Common(int code, UnicodeCategory category)
    {
        try
        {
            return common.GetOrAdd((IsLetter(code), category), key => Free(key.Letter, key.Category));
        }
        catch (UnsupportedPatternException e)
        {
            throw new InputException(
                $"the character U+{code:X4}: a pattern of the tokenizer names {e.Message}; leave the character out, or use a tokenizer "
                + "with a simpler pattern", e);
        }
    }

    private static bool IsLetter(int code) => Letters.Any(range => range.From <= code && code <= range.To);

    /// <summary>A character outside ASCII of a category that the expression does not name.</summary>
    private char Free(bool letter, UnicodeCategory category)
    {
        for (var code = 0x80; code <= char.MaxValue; code++)
        {
            var fits = CharUnicodeInfo.GetUnicodeCategory(code) == category && IsLetter(code) == letter && !char.IsWhiteSpace((char)code);
            if (fits && !reserved.Contains((char)code) && !named.Any(range => range.From <= code && code <= range.To))
            {
                return (char)code;
            }
        }

        throw new UnsupportedPatternException(
            $"all characters of the category {category}, so that none is left to stand for one above U+FFFF");
    }
}
