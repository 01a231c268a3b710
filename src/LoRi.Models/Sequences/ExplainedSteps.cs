namespace LoRi.Models.Sequences;

/// <summary>The steps of a rationale as an auxiliary decoder is to write them, without an end of sequence.</summary>
/// <param name="Ids">Ids of each step.</param>
/// <param name="Joint">Ids between two steps that are written together.</param>
internal sealed record ExplainedSteps(IReadOnlyList<int[]> Ids, int[] Joint)
{
    /// <summary>No steps.</summary>
    public static ExplainedSteps None { get; } = new([], []);

    /// <summary>How many steps.</summary>
    public int Count => Ids.Count;

    /// <summary>The first of some steps.</summary>
    /// <param name="count">How many.</param>
    public ExplainedSteps First(int count) => this with { Ids = [.. Ids.Take(count)] };

    /// <summary>Ids of all steps from one on, written together; none where there is no such step.</summary>
    /// <param name="first">The first of them, from 0.</param>
    public int[] From(int first) =>
        [.. Ids.Skip(first).SelectMany((step, index) => index == 0 ? step : (int[])[.. Joint, .. step])];

    /// <summary>
    /// What each of some slots is to hold: a step, the last one all that are left, with the end of sequence after them; nothing where
    /// there is no step for it.
    /// </summary>
    /// <param name="slots">How many slots.</param>
    /// <param name="end">The end of sequence.</param>
    public int[][] InSlots(int slots, int end)
    {
        int[] Slot(int slot) => slot >= Count ? [] : [.. slot == slots - 1 ? From(slot) : Ids[slot], end];
        return [.. Enumerable.Range(0, slots).Select(Slot)];
    }
}
