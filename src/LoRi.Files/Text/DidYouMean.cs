namespace LoRi.Files.Text;

/// <summary>Finds the name that a mistyped one may stand for, for the end of a message.</summary>
public static class DidYouMean
{
    private const int Longest = 64, MostEdits = 3, LettersAnEdit = 3, ShortestOfLetters = 2;

    /// <summary>"; did you mean X?" for the nearest of some names; empty where none is near.</summary>
    /// <param name="given">What was written.</param>
    /// <param name="known">The names that there are.</param>
    public static string Hint(string given, IEnumerable<string> known) =>
        Nearest(given, known) is { } name ? $"; did you mean {name}?" : "";

    /// <summary>
    /// The nearest of some names: one that differs in case, hyphens or a few letters, that begins with what was given, whose words
    /// are all among the given ones (<c>num-epochs</c> for <c>epochs</c>), or of which letters were left out (<c>lr</c> for
    /// <c>learning-rate</c>); of equals the first. Null where there is none.
    /// </summary>
    /// <param name="given">What was written.</param>
    /// <param name="known">The names that there are.</param>
    public static string? Nearest(string given, IEnumerable<string> known)
    {
        ArgumentNullException.ThrowIfNull(given);
        ArgumentNullException.ThrowIfNull(known);
        var wanted = Plain(given);
        if (wanted.Length is 0 or > Longest)
        {
            return null;
        }

        var names = known.Select(name => new Candidate(name, Plain(name))).Where(name => name.Plain.Length > 0).ToArray();
        var words = wanted.Split('-').ToHashSet();
        var most = System.Math.Min(MostEdits, wanted.Length / LettersAnEdit);
        return names.Where(name => Edits(wanted, name.Plain) <= most).MinBy(name => Edits(wanted, name.Plain))?.Name
            ?? names.Where(name => wanted.Length >= ShortestOfLetters && name.Plain.StartsWith(wanted, StringComparison.Ordinal))
                .MinBy(name => name.Plain.Length)?.Name
            ?? names.Where(name => words.IsSupersetOf(name.Plain.Split('-'))).MaxBy(name => name.Plain.Length)?.Name
            ?? Array.Find(
                names, name => wanted.Length >= ShortestOfLetters
                    && string.Concat(name.Plain.Split('-').Select(word => word[..System.Math.Min(1, word.Length)])) == wanted)?.Name
            ?? names.Where(name => wanted.Length >= ShortestOfLetters && HasLetters(name.Plain, wanted))
                .MinBy(name => name.Plain.Length)?.Name;
    }

    /// <summary>
    /// Letters that are inserted, left out, replaced or swapped with their neighbour between two texts: the distance of Damerau and
    /// Levenshtein in which no part is edited twice.
    /// </summary>
    /// <param name="one">A text.</param>
    /// <param name="other">The text that it is compared with.</param>
    /// <returns>How many edits make one of the other.</returns>
    public static int Edits(string one, string other)
    {
        ArgumentNullException.ThrowIfNull(one);
        ArgumentNullException.ThrowIfNull(other);
        var edits = new int[one.Length + 1, other.Length + 1];
        for (var i = 0; i <= one.Length; i++)
        {
            for (var j = 0; j <= other.Length; j++)
            {
                edits[i, j] = i == 0 || j == 0
                    ? i + j
                    : System.Math.Min(System.Math.Min(edits[i - 1, j], edits[i, j - 1]) + 1,
                        edits[i - 1, j - 1] + (one[i - 1] == other[j - 1] ? 0 : 1));
                if (i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1])
                {
                    edits[i, j] = System.Math.Min(edits[i, j], edits[i - 2, j - 2] + 1);
                }
            }
        }

        return edits[one.Length, other.Length];
    }

    /// <summary>In small letters, words joined by one kind of hyphen, without hyphens or dashes before.</summary>
    private static string Plain(string name) =>
        string.Concat(
            name.ToLowerInvariant().Select(letter => letter is '_' or ' ' or '\u2212' or (>= '\u2010' and <= '\u2015') ? '-' : letter))
            .Trim('-');

    /// <summary>Whether the letters of <paramref name="few"/> stand in this order in a name that begins with the first of them.</summary>
    private static bool HasLetters(string name, string few)
    {
        var at = 0;
        foreach (var letter in name)
        {
            at += at < few.Length && letter == few[at] ? 1 : 0;
        }

        return at == few.Length && name[0] == few[0];
    }

    private sealed record Candidate(string Name, string Plain);
}
