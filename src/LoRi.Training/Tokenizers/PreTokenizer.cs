using System.Text.RegularExpressions;

namespace LoRi.Training.Tokenizers;

/// <summary>Cuts a piece of text into smaller ones; a step sees only its piece, not what lies around it.</summary>
internal abstract class PreTokenizerStep
{
    /// <summary>Adds the ranges, none of them empty, that <paramref name="start"/> to <paramref name="end"/> is cut into.</summary>
    public abstract void Cut(ReadOnlySpan<char> text, int start, int end, List<(int Start, int End)> pieces);

    /// <summary>Adds a range unless it is empty.</summary>
    protected static void Add(List<(int Start, int End)> pieces, int start, int end)
    {
        if (start < end)
        {
            pieces.Add((start, end));
        }
    }
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

/// <summary>Cuts at the matches of a regular expression or, inverted, at what lies between them.</summary>
internal sealed class RegexStep(string source, string pattern, SplitBehavior behavior = SplitBehavior.Isolated, bool invert = false) : PreTokenizerStep
{
    /// <summary>The expression of GPT-2.</summary>
    public const string Gpt2Pattern = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(20);

    private readonly Regex _regex = Compile(source, pattern);

    /// <inheritdoc/>
    public override void Cut(ReadOnlySpan<char> text, int start, int end, List<(int Start, int End)> pieces)
    {
        int done = start, first = pieces.Count;
        bool after = false;
        try
        {
            foreach (ValueMatch match in _regex.EnumerateMatches(text[start..end]))
            {
                int from = start + match.Index, to = from + match.Length;
                Put(pieces, first, (done, from), invert, ref after);
                Put(pieces, first, (from, to), !invert, ref after);
                done = to;
            }
        }
        catch (RegexMatchTimeoutException e)
        {
            throw new InputException($"{source}: the pattern {MessageText.Quote(pattern)} takes too long on a text of {text.Length} characters; check the tokenizer file", e);
        }

        Put(pieces, first, (done, end), invert, ref after);
    }

    /// <summary>Adds a range, or joins it to the last one. <paramref name="after"/> says whether the range before it was cut out.</summary>
    private void Put(List<(int Start, int End)> pieces, int first, (int Start, int End) range, bool cutOut, ref bool after)
    {
        if (range.Start == range.End)
        {
            return;
        }

        bool joins = pieces.Count > first && behavior switch
        {
            SplitBehavior.MergedWithPrevious => cutOut && !after,
            SplitBehavior.MergedWithNext => !cutOut && after,
            SplitBehavior.Contiguous => cutOut == after,
            _ => false,
        };
        after = cutOut;
        if (joins)
        {
            pieces[^1] = (pieces[^1].Start, range.End);
        }
        else if (!cutOut || behavior != SplitBehavior.Removed)
        {
            pieces.Add(range);
        }
    }

    /// <summary>
    /// Case-insensitive matching over Unicode takes the long s (U+017F) for an s, which .NET does not: it is added where the
    /// published expressions for contractions need it.
    /// </summary>
    private static Regex Compile(string source, string pattern)
    {
        try
        {
            string adapted = PossessivePattern.Rewrite(pattern).Replace("(?i:'s|", "(?i:'[s\u017F]|", StringComparison.Ordinal);
            return new Regex(adapted, RegexOptions.CultureInvariant | RegexOptions.Compiled, Longest);
        }
        catch (ArgumentException e)
        {
            throw new InputException($"{source}: the pattern {MessageText.Quote(pattern)} is not supported ({e.Message}); use a tokenizer with a simpler one", e);
        }
    }
}

/// <summary>Cuts numbers from the rest, one digit at a time or whole.</summary>
internal sealed class DigitsStep(bool individual) : PreTokenizerStep
{
    /// <inheritdoc/>
    public override void Cut(ReadOnlySpan<char> text, int start, int end, List<(int Start, int End)> pieces)
    {
        int done = start;
        for (int at = start; at < end; at++)
        {
            bool digit = char.IsNumber(text[at]);
            bool boundary = at > start && (digit != char.IsNumber(text[at - 1]) || (digit && individual));
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
    /// <summary>The final pieces of a text, in its own UTF-16 units.</summary>
    public List<(int Start, int End)> Cut(string text)
    {
        ClassText units = ClassText.Of(text);
        List<(int Start, int End)> pieces = [(0, units.Span.Length)];
        foreach (PreTokenizerStep step in Steps)
        {
            List<(int Start, int End)> smaller = new(pieces.Count * 2);
            foreach ((int start, int end) in pieces)
            {
                step.Cut(units.Span, start, end, smaller);
            }

            pieces = smaller;
        }

        for (int i = 0; i < pieces.Count; i++)
        {
            pieces[i] = (units.Original(pieces[i].Start), units.Original(pieces[i].End));
        }

        return pieces;
    }
}
