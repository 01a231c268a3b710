using System.Text.RegularExpressions;
using LoRi.Files.Text;

namespace LoRi.Files.Tokenizers;

/// <summary>Cuts at the matches of an expression or, inverted, at what lies between them.</summary>
internal sealed class RegexStep : PreTokenizerStep
{
    /// <summary>The expression of GPT-2.</summary>
    public const string Gpt2Pattern = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    /// <summary>Longer expressions are not translated, and from a length on not compiled, which would take longer than it saves.</summary>
    private const int LongestPattern = 1 << 18, LongestCompiled = 1 << 12, LongestAutomaton = 1 << 11;

    private static readonly TimeSpan LongestMatch = TimeSpan.FromSeconds(10);

    private readonly string source, pattern;
    private readonly SplitBehavior behavior;
    private readonly bool invert;
    private readonly Regex regex;

    /// <summary>A step for an expression in the syntax of Oniguruma or, where <paramref name="literal"/>, for a text as it is.</summary>
    /// <exception cref="InputException">It has a construct that is not supported.</exception>
    public RegexStep(
        string source, string pattern, SplitBehavior behavior = SplitBehavior.Isolated, bool invert = false, bool literal = false)
    {
        (this.source, this.pattern, this.behavior, this.invert) = (source, pattern, behavior, invert);
        try
        {
            (var expression, Alphabet) = pattern.Length > LongestPattern
                ? throw new UnsupportedPatternException($"{pattern.Length} characters")
                : literal ? PatternReader.Literal(pattern) : PatternReader.Translate(pattern);
            regex = Compile(expression);
        }
        catch (Exception e) when (e is UnsupportedPatternException or ArgumentException)
        {
            throw new InputException(
                $"{source}: the pattern {MessageText.Quote(pattern)} has {Reason(e)}, which is not supported; use a tokenizer with a "
                + "simpler one", e);
        }
    }

    /// <inheritdoc/>
    public override AstralAlphabet Alphabet { get; }

    /// <inheritdoc/>
    public override void Cut(ReadOnlySpan<char> text, int start, int end, List<(int Start, int End)> pieces, CutDeadline deadline)
    {
        int done = start, first = pieces.Count;
        bool after = false, any = false;
        try
        {
            foreach (var match in regex.EnumerateMatches(text[start..end]))
            {
                int from = start + match.Index, to = from + match.Length;
                if (deadline.IsPast)
                {
                    throw new RegexMatchTimeoutException();
                }

                if (from == to && any && from == done)
                {
                    continue;
                }

                Between(pieces, first, (done, from), ref after);
                Put(pieces, first, (from, to), !invert, ref after);
                (done, any) = (to, true);
            }
        }
        catch (RegexMatchTimeoutException e)
        {
            throw new InputException(
                $"{source}: the pattern {MessageText.Quote(pattern)} takes too long on a text of {text.Length} characters; check the "
                + "tokenizer file", e);
        }

        Between(pieces, first, (done, end), ref after);
        var kept = first;
        for (var at = first; at < pieces.Count; at++)
        {
            if (pieces[at].Start < pieces[at].End)
            {
                pieces[kept++] = pieces[at];
            }
        }

        pieces.RemoveRange(kept, pieces.Count - kept);
    }

    private void Between(List<(int Start, int End)> pieces, int first, (int Start, int End) range, ref bool after)
    {
        if (range.Start < range.End)
        {
            Put(pieces, first, range, invert, ref after);
        }
    }

    /// <summary>Adds a range, or joins it to the last one. <paramref name="after"/> says whether the range before it was cut out.</summary>
    private void Put(List<(int Start, int End)> pieces, int first, (int Start, int End) range, bool cutOut, ref bool after)
    {
        var joins = pieces.Count > first && behavior switch
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
    /// Without backtracking, whose time is bounded, where the expression allows it and is not so long that its automaton would
    /// take a gigabyte.
    /// </summary>
    private static Regex Compile(string expression)
    {
        if (expression.Length <= LongestAutomaton)
        {
            try
            {
                return new Regex(expression, RegexOptions.CultureInvariant | RegexOptions.NonBacktracking, LongestMatch);
            }
            catch (NotSupportedException)
            {
                // What needs backtracking gets it.
            }
        }

        return new Regex(
            expression, RegexOptions.CultureInvariant | (expression.Length > LongestCompiled ? RegexOptions.None : RegexOptions.Compiled),
            LongestMatch);
    }

    private static string Reason(Exception e) =>
        e is UnsupportedPatternException ? e.Message : $"a construct that .NET refuses ({e.Message})";
}
