namespace LoRi.Files.Tokenizers;

/// <summary>Cuts a piece of text into smaller ones; a step sees only its piece, not what lies around it.</summary>
internal abstract class PreTokenizerStep
{
    /// <summary>In which letters the step sees a text.</summary>
    public virtual AstralAlphabet Alphabet => AstralAlphabet.Plain;

    /// <summary>Adds the ranges, none of them empty, that <paramref name="start"/> to <paramref name="end"/> is cut into.</summary>
    /// <exception cref="InputException">It takes longer than <paramref name="deadline"/>.</exception>
    public abstract void Cut(ReadOnlySpan<char> text, int start, int end, List<(int Start, int End)> pieces, CutDeadline deadline);

    /// <summary>Adds a range unless it is empty.</summary>
    protected static void Add(List<(int Start, int End)> pieces, int start, int end)
    {
        if (start < end)
        {
            pieces.Add((start, end));
        }
    }
}

/// <summary>Until when a text must be cut: one time for the whole of it, however many matches it has.</summary>
internal readonly struct CutDeadline(TimeSpan longest)
{
    private readonly long end = Environment.TickCount64 + (long)longest.TotalMilliseconds;

    /// <summary>Whether the time is over.</summary>
    public bool IsPast => Environment.TickCount64 > end;
}

/// <summary>What becomes of the matches of a step.</summary>
internal enum SplitBehavior
{
    /// <summary>Each is a piece of its own.</summary>
    Isolated,

    /// <summary>They are left out.</summary>
    Removed,

    /// <summary>Each joins what lies before it; of several in a row the first.</summary>
    MergedWithPrevious,

    /// <summary>Each joins what lies after it; of several in a row the last.</summary>
    MergedWithNext,

    /// <summary>Those in a row are one piece.</summary>
    Contiguous,
}

/// <summary>Cuts numbers from the rest, one digit at a time or whole.</summary>
internal sealed class DigitsStep(bool individual) : PreTokenizerStep
{
    /// <inheritdoc/>
    public override void Cut(ReadOnlySpan<char> text, int start, int end, List<(int Start, int End)> pieces, CutDeadline deadline)
    {
        var done = start;
        for (var at = start; at < end; at++)
        {
            var digit = char.IsNumber(text[at]);
            var boundary = at > start && (digit != char.IsNumber(text[at - 1]) || (digit && individual));
            if (boundary)
            {
                Add(pieces, done, at);
                done = at;
            }
        }

        Add(pieces, done, end);
    }
}

/// <summary>All steps of a tokenizer, and whether pieces are then written in the byte alphabet.</summary>
internal sealed record PreTokenizer(IReadOnlyList<PreTokenizerStep> Steps, bool ByteLevel, bool AddPrefixSpace)
{
    /// <summary>How long a text may take; a hostile expression could take years.</summary>
    public TimeSpan Longest { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>The final pieces of a text, in its own UTF-16 units.</summary>
    public List<(int Start, int End)> Cut(string text)
    {
        var units = ClassText.Of(text);
        CutDeadline deadline = new(Longest);
        List<(int Start, int End)> pieces = [(0, units.Length)];
        foreach (var step in Steps)
        {
            List<(int Start, int End)> smaller = new(pieces.Count * 2);
            var seen = units.Units(step.Alphabet);
            foreach ((var start, var end) in pieces)
            {
                step.Cut(seen, start, end, smaller, deadline);
            }

            pieces = smaller;
        }

        for (var i = 0; i < pieces.Count; i++)
        {
            pieces[i] = (units.Original(pieces[i].Start), units.Original(pieces[i].End));
        }

        return pieces;
    }
}
