namespace LoRi.Models.Sequences;

/// <summary>
/// Where the steps of a chain of thought stand in its text: what lies between <c>&lt;&lt;</c> and <c>&gt;&gt;</c>, with these marks;
/// where a text has none, the steps that the data list. Texts are looked at, never the ids of a vocabulary.
/// </summary>
internal static class StepSpans
{
    private const string Begin = "<<", End = ">>";

    /// <summary>Begin and end of every step, in their order.</summary>
    /// <param name="text">The whole chain.</param>
    /// <param name="listed">Its steps as the data list them.</param>
    public static IReadOnlyList<(int Start, int End)> In(string text, IReadOnlyList<string> listed)
    {
        var marked = Marked(text);
        return marked.Count > 0 ? marked : Listed(text, listed);
    }

    /// <summary>A step that the data list, as an auxiliary decoder is to write it: its marked parts, else all of it.</summary>
    public static string Of(string step)
    {
        var marked = Marked(step);
        return marked.Count == 0 ? step : string.Join(' ', marked.Select(span => step[span.Start..span.End]));
    }

    private static List<(int Start, int End)> Marked(string text)
    {
        var spans = new List<(int Start, int End)>();
        for (var start = text.IndexOf(Begin, StringComparison.Ordinal); start >= 0; start = Next(text, Begin, spans[^1].End))
        {
            var end = Next(text, End, start + Begin.Length);
            if (end < 0)
            {
                break;
            }

            spans.Add((start, end + End.Length));
        }

        return spans;
    }

    private static List<(int Start, int End)> Listed(string text, IReadOnlyList<string> steps)
    {
        var (spans, at) = (new List<(int Start, int End)>(), 0);
        foreach (var step in steps)
        {
            var start = Next(text, step, at);
            if (step.Length > 0 && start >= 0)
            {
                at = start + step.Length;
                spans.Add((start, at));
            }
        }

        return spans;
    }

    private static int Next(string text, string part, int from) => text.IndexOf(part, from, StringComparison.Ordinal);
}
