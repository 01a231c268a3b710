using System.Text;

namespace LoRi.Training.Tokenizers;

/// <summary>Writes possessive quantifiers, which .NET lacks, as atomic groups: <c>x++</c> is <c>(?>x+)</c>.</summary>
internal static class PossessivePattern
{
    /// <summary>The same expression without possessive quantifiers.</summary>
    public static string Rewrite(string pattern)
    {
        StringBuilder written = new(pattern.Length);
        Stack<int> groups = new();
        int atom = 0;
        for (int at = 0; at < pattern.Length;)
        {
            bool quantified = at + 1 < pattern.Length && pattern[at] is '*' or '+' or '?' && pattern[at + 1] == '+' && written.Length > 0;
            if (quantified)
            {
                written.Insert(atom, "(?>").Append(pattern[at]).Append(')');
                at += 2;
                continue;
            }

            int length = pattern[at] switch { '\\' => EscapeLength(pattern, at), '[' => ClassLength(pattern, at), _ => 1 };
            atom = pattern[at] switch
            {
                ')' when groups.Count > 0 => groups.Pop(),
                '*' or '+' or '?' or '{' or '}' => atom,
                _ => written.Length,
            };
            if (pattern[at] == '(')
            {
                groups.Push(written.Length);
                length = pattern.AsSpan(at).StartsWith("(?") ? 2 : 1;
            }

            written.Append(pattern, at, length);
            at += length;
        }

        return written.ToString();
    }

    /// <summary>Characters of an escape: the property's name and the code of a character belong to it.</summary>
    private static int EscapeLength(string pattern, int at)
    {
        char kind = at + 1 < pattern.Length ? pattern[at + 1] : '\\';
        int closing = kind is 'p' or 'P' && at + 2 < pattern.Length && pattern[at + 2] == '{' ? pattern.IndexOf('}', at) : -1;
        int length = closing > 0 ? closing + 1 - at : kind switch { 'x' => 4, 'u' => 6, _ => 2 };
        return int.Min(length, pattern.Length - at);
    }

    /// <summary>Characters of a class, classes within it included.</summary>
    private static int ClassLength(string pattern, int start)
    {
        int depth = 0;
        for (int at = start; at < pattern.Length; at++)
        {
            switch (pattern[at])
            {
                case '\\': at++; break;
                case '[': depth++; break;
                case ']' when at > start + 1 && !(at == start + 2 && pattern[start + 1] == '^') && --depth == 0: return at + 1 - start;
                default: break;
            }
        }

        return pattern.Length - start;
    }
}
