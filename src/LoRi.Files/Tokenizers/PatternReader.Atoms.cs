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
                _at++;
                string dot = _options.DotAll ? CharacterSet.Any : @"[^\n]";
                return new(_ => dot);
            case '^':
                _at++;
                return new(_ => LineStart, Repeats: false);
            case '$':
                _at++;
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

    private Atom LiteralAtom(int code) => new(CharacterOf(code, code).Write, Letter: _options.IgnoreCase ? (code < 0x80 ? char.ToLowerInvariant((char)code) : code) : null);

    /// <summary>The characters of a range; where case is ignored, with those that differ from one of them in case alone.</summary>
    private CharacterSet CharacterOf(int from, int to)
    {
        List<(int From, int To)> ranges = [(from, to)];
        if (_options.IgnoreCase)
        {
            CheckCase(from, to);
            foreach ((int low, int high, int shift) in (ReadOnlySpan<(int, int, int)>)[('a', 'z', -32), ('A', 'Z', 32)])
            {
                (int first, int last) = (int.Max(from, low), int.Min(to, high));
                ranges.AddRange(first <= last ? [(first + shift, last + shift)] : []);
            }

            ranges.AddRange(ranges.Exists(range => range.From <= 's' && 's' <= range.To) ? [(0x17F, 0x17F)] : []);
            ranges.AddRange(ranges.Exists(range => range.From <= 'k' && 'k' <= range.To) ? [(0x212A, 0x212A)] : []);
        }

        _named.AddRange(ranges);
        CharacterSet[] parts = [.. ranges.Select(range => new CharacterSet.Range(range.From, range.To))];
        return parts.Length == 1 ? parts[0] : new CharacterSet.Union(parts);
    }

    /// <summary>Beyond ASCII the two disagree on what differs in case alone, and some letters stand for several.</summary>
    private void CheckCase(int from, int to)
    {
        for (int code = int.Max(from, 0x80); code <= to; code++)
        {
            UnicodeCategory category = CharUnicodeInfo.GetUnicodeCategory(code);
            bool cased = category is UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter
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
        int start = _at++;
        if (Peek() == '*' && char.IsAsciiLetter(Peek(1)))
        {
            throw Bad("a callout, (*...)");
        }

        (string open, bool repeats) = Take("?") ? GroupKind(start) : (Capture(null), true);
        if (open.Length == 0)
        {
            return new(_ => "", Repeats: false);
        }

        (Options options, bool behind) = (_options, _behind);
        _behind |= open is "(?<=" or "(?<!";
        if (_behind && open is "(?>")
        {
            throw Bad("an atomic group in a lookbehind");
        }

        bool changes = open[^1] == ';';
        _options = changes ? _pending : _options;
        Written inside = Alternatives();
        (_options, _behind) = (options, behind);
        if (!Take(")"))
        {
            throw Bad("a parenthesis that nothing closes");
        }

        string kind = changes ? "(?:" : open;
        return new(alphabet => $"{(kind.StartsWith("(?<", StringComparison.Ordinal) && char.IsAsciiDigit(kind[3]) && !_refersBack ? "(?:" : kind)}{inside(alphabet)})", repeats);
    }

    private Options _pending;

    /// <summary>How a group is opened in .NET, and whether it can be repeated; nothing for a comment.</summary>
    private (string Open, bool Repeats) GroupKind(int start)
    {
        foreach (string kind in (string[])[":", "=", "!", ">", "<=", "<!"])
        {
            if (Take(kind))
            {
                return ("(?" + kind, kind is ":" or ">");
            }
        }

        if (Take("#"))
        {
            int end = _pattern.IndexOf(')', _at);
            _at = end < 0 ? throw Bad("a comment that nothing closes") : end + 1;
            return ("", false);
        }

        if (Peek() is '<' or '\'')
        {
            return (Capture(TakeName()), true);
        }

        if (TryOptions(out _pending) && Take(":"))
        {
            return ("(?:;", true);
        }

        _at = start;
        throw Bad(_pattern.AsSpan(start).StartsWith("(?~") ? "an absent operator, (?~...)"
            : _pattern.AsSpan(start).StartsWith("(?(") ? "a condition, (?(...)...)"
            : $"the group {MessageText.Quote(_pattern[start..int.Min(start + 4, _pattern.Length)])}");
    }

    /// <summary>A group that remembers; where some have names, those without do not.</summary>
    private string Capture(string? name)
    {
        if (name is null && _namesGroups)
        {
            return "(?:";
        }

        _captures++;
        return name is null || _groups.TryAdd(name, _captures) ? $"(?<{_captures}>" : throw Bad($"two groups called {MessageText.Quote(name)}");
    }

    private string TakeName()
    {
        int end = _pattern.IndexOf(Peek() == '<' ? '>' : '\'', _at + 1);
        string name = end < 0 ? "" : _pattern[(_at + 1)..end];
        if (name.Length == 0 || char.IsAsciiDigit(name[0]) || !name.All(letter => char.IsLetterOrDigit(letter) || letter == '_'))
        {
            throw Bad("a name of a group that is not letters and digits");
        }

        _at = end + 1;
        return name;
    }

    /// <summary>Letters of options, and after a minus those that are taken back.</summary>
    private bool TryOptions(out Options options)
    {
        options = _options;
        bool set = true;
        int start = _at;
        for (; Peek() is 'i' or 'm' or 'x' or '-'; _at++)
        {
            switch (Peek())
            {
                case 'i': options = options with { IgnoreCase = set }; break;
                case 'm': options = options with { DotAll = set }; break;
                case 'x': options = options with { Extended = set }; break;
                default: set = false; break;
            }
        }

        return _at > start;
    }
}
