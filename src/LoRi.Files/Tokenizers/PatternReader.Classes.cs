using LoRi.Files.Text;

namespace LoRi.Files.Tokenizers;

/// <summary>Character classes, which hold classes and their intersections.</summary>
internal sealed partial class PatternReader
{
    private CharacterSet ReadClass()
    {
        if (++depth > DeepestGroups)
        {
            throw Bad($"classes more than {DeepestGroups} deep");
        }

        at++;
        var negative = Take("^");
        List<CharacterSet> operands = [], parts = [];
        for (var first = true; !(Peek() == ']' && !Ends && !IsFirstBracket(first)); first = false)
        {
            if (Ends)
            {
                throw Bad("a class that nothing closes");
            }

            if (Take("&&"))
            {
                operands.Add(new CharacterSet.Union(parts));
                parts = [];
                continue;
            }

            ReadMember(parts, first);
        }

        at++;
        depth--;
        operands.Add(parts.Count == 1 ? parts[0] : new CharacterSet.Union(parts));
        var all = operands.Count == 1 ? operands[0] : new CharacterSet.Intersection(operands);
        return negative ? new CharacterSet.Complement(all) : all;
    }

    /// <summary>A closing bracket that comes first is a character, where another one follows.</summary>
    private bool IsFirstBracket(bool first) => first && (pattern.IndexOf(']', at + 1) > 0 ? true : throw Bad("an empty class"));

    /// <summary>Adds a class, a named set, a range or a character.</summary>
    private void ReadMember(List<CharacterSet> parts, bool first)
    {
        if (Peek() == '[')
        {
            parts.Add(ReadBracketed() ?? ReadClass());
            return;
        }

        if (Peek() == '\\' && ReadSetEscape() is CharacterSet set)
        {
            parts.Add(set);
            return;
        }

        var hyphen = Peek() == '-' && !first;
        var from = ReadClassCharacter();
        var opensRange = Peek() == '-' && Peek(1) != ']';
        if (!opensRange)
        {
            parts.Add(CharacterOf(from, from));
            return;
        }

        if (hyphen)
        {
            throw Bad("hyphens in a row in a class");
        }

        at++;
        if (Ends || Peek() == '[' || (Peek() == '&' && Peek(1) == '&') || (Peek() == '\\' && ReadSetEscape() is not null))
        {
            throw Bad("a range that ends in no character");
        }

        var to = ReadClassCharacter();
        parts.Add(to < from ? throw Bad("a range in reverse order") : CharacterOf(from, to));
        ReadHyphen(parts);
    }

    /// <summary>After a range a hyphen is a character.</summary>
    private void ReadHyphen(List<CharacterSet> parts)
    {
        if (Peek() != '-')
        {
            return;
        }

        at++;
        parts.Add(Peek() == '-' ? throw Bad("hyphens in a row in a class") : CharacterOf('-', '-'));
    }

    private int ReadClassCharacter()
    {
        if (Peek() != '\\')
        {
            return TakeCode();
        }

        if (Peek(1) == 'b')
        {
            at += 2;
            return '\b';
        }

        return ReadCharacterEscape();
    }

    /// <summary>A POSIX bracket, <c>[:name:]</c>; null where it is a class.</summary>
    private CharacterSet? ReadBracketed()
    {
        var end = Peek(1) == ':' ? pattern.IndexOf(":]", at + 2, StringComparison.Ordinal) : -1;
        var name = end < 0 ? "" : pattern[(at + 2)..end];
        if (name.Length == 0 || !name.TrimStart('^').All(char.IsAsciiLetter))
        {
            return null;
        }

        var set = name.TrimStart('^') == "punct" ? new CharacterSet.Named(@"\p{P}\p{S}")
            : Bracketed(name.TrimStart('^')) ?? throw Bad($"the set {MessageText.Quote($"[:{name}:]")}");
        if (name is not ("blank" or "cntrl" or "digit" or "punct" or "space" or "xdigit"))
        {
            CheckIgnored($"the set {MessageText.Quote($"[:{name}:]")}");
        }

        at = end + 2;
        return name.StartsWith('^') ? new CharacterSet.Complement(set) : set;
    }
}
