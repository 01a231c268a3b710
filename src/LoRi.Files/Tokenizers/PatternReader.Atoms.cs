using System.Globalization;
using LoRi.Files.Text;

namespace LoRi.Files.Tokenizers;

/// <summary>Characters, positions and groups.</summary>
internal sealed partial class PatternReader
{
    /// <summary>What counts as a character of a word; outside brackets some numbers of Latin-1 do too.</summary>
    private const string WordBody = @"\p{L}\p{M}\p{Nd}\p{Nl}\p{Pc}\u24B6-\u24E9", MoreWordBody = @"\u00B2\u00B3\u00B9\u00BC-\u00BE";

    private const string LineStart = @"(?:\A|(?<=\n)(?!\z))", LineEnd = @"(?=\n|\z)";

    private Atom ReadAtom()
    {
        switch (Peek())
        {
            case '(':
                return ReadGroup();
            case '[':
                return SetAtom(ReadClass());
            case '\\':
                return ReadEscape();
            case '.':
                at++;
                var dot = options.DotAll ? CharacterSet.Any : @"[^\n]";
                return new(_ => dot);
            case '^':
                at++;
                return new(_ => LineStart, Repeats: false);
            case '$':
                at++;
                return new(_ => LineEnd, Repeats: false);
            case '*' or '+' or '?':
                throw Bad("a quantifier that follows nothing");
            case '{' when TakeInterval() is not null:
                throw Bad("a quantifier that follows nothing");
            default:
                return LiteralAtom(TakeCode());
        }
    }

    private static Atom SetAtom(CharacterSet set) => new(set.Write);

    private Atom LiteralAtom(int code) =>
        new(CharacterOf(code, code).Write, Letter: options.IgnoreCase ? (code < 0x80 ? char.ToLowerInvariant((char)code) : code) : null);

    /// <summary>The characters of a range; where case is ignored, with those that differ from one of them in case alone.</summary>
    private CharacterSet CharacterOf(int from, int to)
    {
        List<(int From, int To)> ranges = [(from, to)];
        if (options.IgnoreCase)
        {
            CheckCase(from, to);
            foreach ((var low, var high, var shift) in (ReadOnlySpan<(int, int, int)>)[('a', 'z', -32), ('A', 'Z', 32)])
            {
                (var first, var last) = (int.Max(from, low), int.Min(to, high));
                ranges.AddRange(first <= last ? [(first + shift, last + shift)] : []);
            }

            ranges.AddRange(ranges.Exists(range => range.From <= 's' && 's' <= range.To) ? [(0x17F, 0x17F)] : []);
            ranges.AddRange(ranges.Exists(range => range.From <= 'k' && 'k' <= range.To) ? [(0x212A, 0x212A)] : []);
        }

        named.AddRange(ranges);
        CharacterSet[] parts = [.. ranges.Select(range => new CharacterSet.Range(range.From, range.To))];
        return parts.Length == 1 ? parts[0] : new CharacterSet.Union(parts);
    }

    /// <summary>Beyond ASCII the two disagree on what differs in case alone, and some letters stand for several.</summary>
    private void CheckCase(int from, int to)
    {
        for (var code = int.Max(from, 0x80); code <= to; code++)
        {
            var category = CharUnicodeInfo.GetUnicodeCategory(code);
            var cased = category is UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter
                or UnicodeCategory.LetterNumber or UnicodeCategory.NonSpacingMark or UnicodeCategory.ModifierLetter
                || code is (>= 0x24B6 and <= 0x24E9) or (>= 0x10A0 and <= 0x10FF) or (>= 0x13A0 and <= 0x13FF) or (>= 0xAB70 and <= 0xABBF);
            if (cased)
            {
                throw Bad($"the letter U+{code:X4} where case is ignored");
            }
        }
    }

    private Atom ReadGroup()
    {
        var start = at++;
        if (Peek() == '*' && char.IsAsciiLetter(Peek(1)))
        {
            throw Bad("a callout, (*...)");
        }

        (var open, var repeats) = Take("?") ? GroupKind(start) : (Capture(null), true);
        if (open.Length == 0)
        {
            return new(_ => "", Repeats: false);
        }

        (var options, var behind) = (this.options, this.behind);
        this.behind |= open is "(?<=" or "(?<!";
        if (this.behind && open is "(?>")
        {
            throw Bad("an atomic group in a lookbehind");
        }

        var changes = open[^1] == ';';
        this.options = changes ? pending : this.options;
        var inside = Alternatives();
        (this.options, this.behind) = (options, behind);
        if (!Take(")"))
        {
            throw Bad("a parenthesis that nothing closes");
        }

        var kind = changes ? "(?:" : open;
        var numbered = kind.StartsWith("(?<", StringComparison.Ordinal) && char.IsAsciiDigit(kind[3]);
        return new(alphabet => $"{(numbered && !refersBack ? "(?:" : kind)}{inside(alphabet)})", repeats);
    }

    private Options pending;

    /// <summary>How a group is opened in .NET, and whether it can be repeated; nothing for a comment.</summary>
    private (string Open, bool Repeats) GroupKind(int start)
    {
        foreach (var kind in (string[])[":", "=", "!", ">", "<=", "<!"])
        {
            if (Take(kind))
            {
                return ("(?" + kind, kind is ":" or ">");
            }
        }

        if (Take("#"))
        {
            var end = pattern.IndexOf(')', at);
            at = end < 0 ? throw Bad("a comment that nothing closes") : end + 1;
            return ("", false);
        }

        if (Peek() is '<' or '\'')
        {
            return (Capture(TakeName()), true);
        }

        if (TryOptions(out pending) && Take(":"))
        {
            return ("(?:;", true);
        }

        at = start;
        throw Bad(pattern.AsSpan(start).StartsWith("(?~") ? "an absent operator, (?~...)"
            : pattern.AsSpan(start).StartsWith("(?(") ? "a condition, (?(...)...)"
            : $"the group {MessageText.Quote(pattern[start..int.Min(start + 4, pattern.Length)])}");
    }

    /// <summary>A group that remembers; where some have names, those without do not.</summary>
    private string Capture(string? name)
    {
        if (name is null && namesGroups)
        {
            return "(?:";
        }

        captures++;
        return name is null || groups.TryAdd(name, captures)
            ? $"(?<{captures}>"
            : throw Bad($"two groups called {MessageText.Quote(name)}");
    }

    private string TakeName()
    {
        var end = pattern.IndexOf(Peek() == '<' ? '>' : '\'', at + 1);
        var name = end < 0 ? "" : pattern[(at + 1)..end];
        if (name.Length == 0 || char.IsAsciiDigit(name[0]) || !name.All(letter => char.IsLetterOrDigit(letter) || letter == '_'))
        {
            throw Bad("a name of a group that is not letters and digits");
        }

        at = end + 1;
        return name;
    }

    /// <summary>Letters of options, and after a minus those that are taken back.</summary>
    private bool TryOptions(out Options options)
    {
        options = this.options;
        var set = true;
        var start = at;
        for (; Peek() is 'i' or 'm' or 'x' or '-'; at++)
        {
            switch (Peek())
            {
                case 'i': options = options with { IgnoreCase = set }; break;
                case 'm': options = options with { DotAll = set }; break;
                case 'x': options = options with { Extended = set }; break;
                default: set = false; break;
            }
        }

        return at > start;
    }
}
