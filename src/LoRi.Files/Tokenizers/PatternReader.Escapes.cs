using System.Globalization;
using LoRi.Files.Text;

namespace LoRi.Files.Tokenizers;

/// <summary>What follows a backslash.</summary>
internal sealed partial class PatternReader
{
    private static readonly string WordEnd =
        $"(?:(?<=[{WordBody}{MoreWordBody}])(?![{WordBody}{MoreWordBody}])|(?<![{WordBody}{MoreWordBody}])(?=[{WordBody}{MoreWordBody}]))";
    private static readonly string WithinWord = $"(?!{WordEnd})";

    /// <summary>General categories by their names without case, spaces, hyphens and underscores.</summary>
    private static readonly Dictionary<string, string> Categories = new(StringComparer.Ordinal)
    {
        ["letter"] = "L",
        ["uppercaseletter"] = "Lu",
        ["lowercaseletter"] = "Ll",
        ["titlecaseletter"] = "Lt",
        ["modifierletter"] = "Lm",
        ["otherletter"] = "Lo",
        ["mark"] = "M",
        ["combiningmark"] = "M",
        ["nonspacingmark"] = "Mn",
        ["spacingmark"] = "Mc",
        ["enclosingmark"] = "Me",
        ["number"] = "N",
        ["decimalnumber"] = "Nd",
        ["letternumber"] = "Nl",
        ["othernumber"] = "No",
        ["punctuation"] = "P",
        ["connectorpunctuation"] = "Pc",
        ["dashpunctuation"] = "Pd",
        ["openpunctuation"] = "Ps",
        ["closepunctuation"] = "Pe",
        ["initialpunctuation"] = "Pi",
        ["finalpunctuation"] = "Pf",
        ["otherpunctuation"] = "Po",
        ["symbol"] = "S",
        ["mathsymbol"] = "Sm",
        ["currencysymbol"] = "Sc",
        ["modifiersymbol"] = "Sk",
        ["othersymbol"] = "So",
        ["separator"] = "Z",
        ["spaceseparator"] = "Zs",
        ["lineseparator"] = "Zl",
        ["paragraphseparator"] = "Zp",
        ["control"] = "Cc",
        ["format"] = "Cf",
        ["privateuse"] = "Co",
    };

    private static readonly string[] Short =
        ["L", "Lu", "Ll", "Lt", "Lm", "Lo", "M", "Mn", "Mc", "Me", "N", "Nd", "Nl", "No", "P", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po",
            "S", "Sm", "Sc", "Sk", "So", "Z", "Zs", "Zl", "Zp", "Cc", "Cf", "Co"];

    private Atom ReadEscape()
    {
        var kind = Peek(1);
        switch (kind)
        {
            case 'w' or 'W':
                at += 2;
                CharacterSet word = new CharacterSet.Named(WordBody + MoreWordBody);
                return SetAtom(kind == 'w' ? word : new CharacterSet.Complement(word));
            case 'b' or 'B':
                at += 2;
                return new(_ => kind == 'b' ? WordEnd : WithinWord, Repeats: false);
            case 'A' or 'Z' or 'z':
                at += 2;
                return new(_ => $"\\{kind}", Repeats: false);
            case 'R':
                at += 2;
                return behind ? throw Bad("\\R in a lookbehind") : new(_ => @"(?>\r\n|[\n-\r\u0085\u2028\u2029])");
            case 'N' or 'O':
                at += 2;
                return new(_ => kind == 'N' ? @"[^\n]" : CharacterSet.Any);
            case 'k':
                return ReadNamedReference();
            case >= '1' and <= '9' when TakeReference() is int group:
                return Reference(group);
            default:
                return ReadSetEscape() is CharacterSet set ? SetAtom(set) : LiteralAtom(ReadCharacterEscape());
        }
    }

    private Atom ReadNamedReference()
    {
        at += 2;
        if (Peek() is not ('<' or '\''))
        {
            throw Bad("\\k without a name");
        }

        var name = TakeName();
        return groups.TryGetValue(name, out var group)
            ? Reference(group)
            : throw Bad($"a reference to {MessageText.Quote(name)}, which is no group before it");
    }

    private Atom Reference(int group)
    {
        if (options.IgnoreCase || behind)
        {
            throw Bad("a reference to a group where case is ignored or in a lookbehind");
        }

        refersBack = true;
        return new(_ => string.Create(CultureInfo.InvariantCulture, $"\\k<{group}>"));
    }

    /// <summary>A number that is one of a group before it; others are the code of a character.</summary>
    private int? TakeReference()
    {
        var end = at + 1;
        while (end < pattern.Length && char.IsAsciiDigit(pattern[end]))
        {
            end++;
        }

        var known = int.TryParse(pattern.AsSpan(at + 1, end - at - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var group);
        if (known && group <= captures && !namesGroups)
        {
            at = end;
            return group;
        }

        return end == at + 2 || namesGroups
            ? throw Bad($"a reference to the group {pattern[(at + 1)..end]}, which is none before it or has a name")
            : null;
    }

    /// <summary>A set that a letter stands for, within brackets or not; null where it is a character.</summary>
    private CharacterSet? ReadSetEscape()
    {
        var kind = Peek(1);
        var body = kind switch
        {
            's' or 'S' or 'd' or 'D' => $"\\{kind}",
            'h' or 'H' => "0-9a-fA-F",
            'w' or 'W' => WordBody,
            _ => null,
        };
        if (body is not null)
        {
            at += 2;
            if (options.IgnoreCase && kind is 'w' or 'W' or 'S' or 'D' or 'H')
            {
                CheckIgnored($"\\{kind}");
            }

            CharacterSet set = new CharacterSet.Named(body);
            return kind is 'H' or 'W' ? new CharacterSet.Complement(set) : set;
        }

        return kind is 'p' or 'P' && Peek(2) == '{' ? ReadProperty() : null;
    }

    private CharacterSet ReadProperty()
    {
        int start = at, end = pattern.IndexOf('}', at);
        var written = end < 0 ? throw Bad("a property that nothing closes") : pattern[(at + 3)..end];
        var negative = (Peek(1) == 'P') != written.StartsWith('^');
        var name = string.Concat(written.TrimStart('^').Where(letter => letter is not (' ' or '-' or '_'))).ToLowerInvariant();
        var category = Categories.GetValueOrDefault(name)
            ?? Short.FirstOrDefault(known => known.Equals(name, StringComparison.OrdinalIgnoreCase));
        at = end + 1;
        var set = category is not null ? new CharacterSet.Named($"\\{(negative ? 'P' : 'p')}{{{category}}}") : Bracketed(name);
        if (set is null)
        {
            at = start;
            throw Bad($"the property {MessageText.Quote(written)}");
        }

        if (negative || category is ['L' or 'M', ..] || name is "ascii" or "any" or "graph" or "print" or "word")
        {
            CheckIgnored($"the property {MessageText.Quote(written)}");
        }

        return category is null && negative ? new CharacterSet.Complement(set) : set;
    }

    /// <summary>Where case is ignored a set of letters also stands for several letters in a row.</summary>
    private void CheckIgnored(string what)
    {
        if (options.IgnoreCase)
        {
            throw Bad($"{what} where case is ignored");
        }
    }

    /// <summary>What a POSIX bracket or a property of that name stands for; null for those that .NET has no set for.</summary>
    private static CharacterSet? Bracketed(string name) => name switch
    {
        "ascii" => new CharacterSet.Named(@"\u0000-\u007F"),
        "any" => new CharacterSet.Named(@"\s\S"),
        "blank" => new CharacterSet.Named(@"\t\p{Zs}"),
        "cntrl" => new CharacterSet.Named(@"\p{Cc}"),
        "digit" => new CharacterSet.Named(@"\d"),
        "graph" => new CharacterSet.Named(@"\p{L}\p{M}\p{N}\p{P}\p{S}\p{Cf}\p{Co}"),
        "print" => new CharacterSet.Named(@"\p{L}\p{M}\p{N}\p{P}\p{S}\p{Cf}\p{Co}\p{Zs}"),
        "punct" => new CharacterSet.Named(@"\p{P}"),
        "space" or "whitespace" => new CharacterSet.Named(@"\s"),
        "word" => new CharacterSet.Named(WordBody),
        "xdigit" => new CharacterSet.Named("0-9a-fA-F"),
        _ => null,
    };

    /// <summary>The code point of an escaped character.</summary>
    private int ReadCharacterEscape()
    {
        var kind = Peek(1);
        var start = at;
        if (kind == '\0')
        {
            throw Bad("a backslash at its end");
        }

        at += char.IsAsciiLetterOrDigit(kind) ? 2 : 1;
        var code = kind switch
        {
            't' => '\t',
            'n' => '\n',
            'r' => '\r',
            'f' => '\f',
            'v' => '\v',
            'a' => '\a',
            'e' => '\e',
            'x' => ReadHexadecimal(),
            'u' => Digits(16, 4, 4),
            >= '0' and <= '7' => OneByte(OctalFrom(at - 1)),
            _ when !char.IsAsciiLetterOrDigit(kind) => TakeCode(),
            _ => -1,
        };
        if (code is < 0 or > 0x10FFFF or (>= 0xD800 and <= 0xDFFF))
        {
            at = start;
            throw Bad($"the escape {MessageText.Quote("\\" + kind)}{(code < 0 ? "" : " of no character")}");
        }

        return code;
    }

    private int OctalFrom(int at)
    {
        this.at = at;
        return Digits(8, 1, 3);
    }

    private int ReadHexadecimal()
    {
        if (!Take("{"))
        {
            return OneByte(Digits(16, 1, 2));
        }

        var code = Digits(16, 1, 8);
        return Take("}") ? code : -1;
    }

    /// <summary>A code beyond ASCII is a byte of a character's UTF-8 form, which one unit of .NET is not.</summary>
    private static int OneByte(int code) => code < 0x80 ? code : -1;

    private int Digits(int radix, int least, int most)
    {
        var end = at;
        while (end < pattern.Length && end < at + most
            && (radix == 16 ? char.IsAsciiHexDigit(pattern[end]) : pattern[end] is >= '0' and <= '7'))
        {
            end++;
        }

        var digits = pattern[at..end];
        at = end;
        return digits.Length < least || digits.TrimStart('0').Length > 7 ? -1 : Convert.ToInt32(digits, radix);
    }
}
