using System.Globalization;

namespace LoRi.Files.Tokenizers;

/// <summary>
/// Reads an expression in the syntax of Oniguruma, which tokenizer files are written in, and writes it for .NET. The two take many
/// constructs for different things: each is written in a form that means the same, or refused by name.
/// </summary>
internal sealed partial class PatternReader
{
    private const int MostRepeats = 100_000, DeepestGroups = 250;

    private readonly string pattern;
    private readonly List<(int From, int To)> named = [(0xB2, 0xB3), (0xB9, 0xB9), (0xBC, 0xBE), (0x345, 0x345)];
    private readonly Dictionary<string, int> groups = new(StringComparer.Ordinal);
    private readonly bool namesGroups;
    private int at, captures, depth;
    private bool refersBack, behind, lazy;
    private Options options;

    private PatternReader(string pattern)
    {
        this.pattern = pattern;
        namesGroups = HasNamedGroup(pattern);
    }

    /// <summary>Writes a part of the expression, once it is known what stands for characters above U+FFFF.</summary>
    private delegate string Written(AstralAlphabet alphabet);

    /// <summary>What is in force: ignored case, a dot that is any character, white space and comments.</summary>
    private readonly record struct Options(bool IgnoreCase, bool DotAll, bool Extended);

    /// <summary>A part of a branch. A position cannot be repeated; a letter may join the one before it where case is ignored.</summary>
    private sealed record Atom(Written Text, bool Repeats = true, int? Letter = null);

    /// <summary>An expression for .NET, and the alphabet in which it sees a text.</summary>
    /// <exception cref="UnsupportedPatternException">It is malformed, or has a construct that .NET cannot say.</exception>
    public static (string Expression, AstralAlphabet Alphabet) Translate(string pattern)
    {
        PatternReader reader = new(pattern);
        var whole = reader.Alternatives();
        if (reader.at < pattern.Length)
        {
            throw reader.Bad("a closing parenthesis that nothing opens");
        }

        AstralAlphabet alphabet = new(reader.named);
        return (whole(alphabet), alphabet);
    }

    /// <summary>The expression for a text as it is.</summary>
    public static (string Expression, AstralAlphabet Alphabet) Literal(string text)
    {
        CharacterSet.Range[] letters = [.. text.EnumerateRunes().Select(rune => new CharacterSet.Range(rune.Value, rune.Value))];
        AstralAlphabet alphabet = new(letters.Select(letter => (letter.From, letter.To)));
        return (string.Concat(letters.Select(letter => letter.Write(alphabet))), alphabet);
    }

    private static bool HasNamedGroup(string pattern)
    {
        for (var at = pattern.IndexOf("(?", StringComparison.Ordinal); at >= 0;
            at = pattern.IndexOf("(?", at + 2, StringComparison.Ordinal))
        {
            var after = pattern.AsSpan(at + 2);
            if (after.StartsWith("'") || (after.StartsWith("<") && !after.StartsWith("<=") && !after.StartsWith("<!")))
            {
                return true;
            }
        }

        return false;
    }

    private UnsupportedPatternException Bad(string what) => new($"{what} (at character {int.Min(at, pattern.Length) + 1})");

    private char Peek(int ahead = 0) => at + ahead < pattern.Length ? pattern[at + ahead] : '\0';

    private bool Ends => at >= pattern.Length;

    private bool Take(string text)
    {
        var there = string.CompareOrdinal(pattern, at, text, 0, text.Length) == 0;
        at += there ? text.Length : 0;
        return there;
    }

    private int TakeCode()
    {
        var code = char.IsSurrogatePair(pattern, at) ? char.ConvertToUtf32(pattern, at)
            : char.IsSurrogate(pattern[at]) ? throw Bad("half a surrogate pair") : pattern[at];
        at += code > char.MaxValue ? 2 : 1;
        return code;
    }

    /// <summary>Branches until the end of the group; options that are set within end with it.</summary>
    private Written Alternatives()
    {
        if (++depth > DeepestGroups)
        {
            throw Bad($"groups more than {DeepestGroups} deep");
        }

        var before = options;
        List<Written> branches = [];
        bool lazy = false, empty = false;
        do
        {
            var start = at;
            this.lazy = false;
            branches.Add(Branch());
            (lazy, empty) = (lazy || this.lazy, empty || pattern.AsSpan(start, at - start).Trim().IsEmpty);
        }
        while (Take("|"));
        if (lazy && empty)
        {
            throw Bad("an empty branch beside one that ends in a lazy quantifier");
        }

        (options, this.lazy) = (before, false);
        depth--;
        return alphabet => string.Join('|', branches.Select(branch => branch(alphabet)));
    }

    private Written Branch()
    {
        List<Written> parts = [];
        int? letter = null;
        for (SkipSpace(); !Ends && Peek() is not ('|' or ')'); SkipSpace())
        {
            if (TakeOptions() is Written rest)
            {
                parts.Add(rest);
                break;
            }

            var start = at;
            var atom = ReadAtom();
            var text = Repeated(atom, out var repeated);
            letter = repeated ? null : Joined(letter, atom.Letter, start);
            parts.Add(text);
        }

        return alphabet => string.Concat(parts.Select(part => part(alphabet)));
    }

    /// <summary>Options without a group of their own hold to the end of the group around them, its further branches included.</summary>
    private Written? TakeOptions()
    {
        var start = at;
        if (!Take("(?") || !TryOptions(out var options) || !Take(")"))
        {
            at = start;
            return null;
        }

        this.options = options;
        var rest = Alternatives();
        return alphabet => $"(?:{rest(alphabet)})";
    }

    /// <summary>
    /// Letters that a single character stands for where case is ignored, as the sharp s does for two, would have to be looked for
    /// as well.
    /// </summary>
    private int? Joined(int? before, int? letter, int start)
    {
        if (before is int first && letter is int second
            && ((char)first, (char)second) is ('s', 's') or ('s', 't') or ('f', 'f') or ('f', 'i') or ('f', 'l'))
        {
            at = start;
            throw Bad($"{(char)first}{(char)second} where case is ignored, for which one character can stand");
        }

        return letter;
    }

    private void SkipSpace()
    {
        while (options.Extended && !Ends && (Peek() == '#' || Peek() is ' ' or (>= '\t' and <= '\r')))
        {
            var end = Peek() == '#' ? pattern.IndexOf('\n', at) : at;
            at = end < 0 ? pattern.Length : end + 1;
        }
    }

    private Written Repeated(Atom atom, out bool repeated)
    {
        var text = atom.Text;
        repeated = lazy = false;
        var interval = false;
        for (SkipSpace(); TakeRepeat() is string repeat; SkipSpace())
        {
            if (!atom.Repeats)
            {
                throw Bad("a position that is repeated");
            }

            if (repeated && !(interval && repeat == "+"))
            {
                throw Bad("a quantifier of a quantifier");
            }

            var inner = text;
            var again = repeated;
            text = repeat[^1] == '+' && repeat.Length > 1 ? alphabet => $"(?>{inner(alphabet)}{repeat[..^1]})"
                : repeat[^1] == '!' ? alphabet => $"(?:{inner(alphabet)}{repeat[..^1]})?"
                : alphabet => (again ? $"(?:{inner(alphabet)})" : inner(alphabet)) + repeat;
            (repeated, interval) = (true, repeat[^1] == '}');
            lazy = repeat is "??" or "*?" || (repeat[^1] == '?' && repeat.Length > 2);
        }

        return text;
    }

    /// <summary>A quantifier: with a plus at its end where it is possessive, with a mark where a fixed number is taken or none.</summary>
    private string? TakeRepeat()
    {
        if (Peek() is '*' or '+' or '?' && !Ends)
        {
            var kind = pattern[at++].ToString();
            var possessive = Take("+");
            return possessive && behind ? throw Bad("a possessive quantifier in a lookbehind") : possessive ? kind + "+"
                : Take("?") ? kind + "?" : kind;
        }

        if (TakeInterval() is not var (from, to))
        {
            return null;
        }

        if (to < from || from > MostRepeats || to is > MostRepeats and < int.MaxValue)
        {
            throw Bad("bounds of a repetition in reverse order or too large");
        }

        var bounds =
            string.Create(CultureInfo.InvariantCulture,
                $"{{{from}{(to == from ? "" : ",")}{(to == from || to == int.MaxValue ? "" : to)}}}");
        return !Take("?") ? bounds : to == from ? bounds + "!" : bounds + "?";
    }

    /// <summary>The bounds of <c>{n}</c>, <c>{n,}</c>, <c>{,n}</c> or <c>{n,m}</c>; what is none of these is text.</summary>
    private (int From, int To)? TakeInterval()
    {
        var end = Peek() == '{' ? pattern.IndexOf('}', at) : -1;
        var bounds = end < 0 ? [] : pattern[(at + 1)..end].Split(',');
        if (bounds.Length is not (1 or 2) || bounds.All(bound => bound.Length == 0)
            || bounds.Any(bound => bound.Any(letter => !char.IsAsciiDigit(letter))))
        {
            return null;
        }

        at = end + 1;
        var from = Bound(bounds[0], 0);
        return (from, bounds.Length == 1 ? from : Bound(bounds[1], int.MaxValue));
    }

    private int Bound(string text, int otherwise) => text.Length == 0 ? otherwise
        : int.TryParse(text, CultureInfo.InvariantCulture, out var bound) ? bound : throw Bad("a bound of a repetition that is too large");
}
