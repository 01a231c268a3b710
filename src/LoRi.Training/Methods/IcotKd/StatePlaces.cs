using LoRi.Models.Sequences;

namespace LoRi.Training.Methods.IcotKd;

/// <summary>
/// Where the states of a chain are read: at block l of L the token <c>min(round(s1 + l delta), s2)</c>, halves to the even one, s1 being
/// the end of sequence after the question and s2 that after the chain. Every row has a delta of its own, <c>(s2 - s1) / (L - 1)</c>, so
/// that block by block the reading moves from the question's end to the chain's; or all have the one that is given.
/// </summary>
/// <param name="step">Delta, in tokens; null for each row's own.</param>
internal sealed class StatePlaces(int? step)
{
    /// <summary>The token of every block, in the sequence of question and chain.</summary>
    /// <param name="row">A row in the teacher's tokens.</param>
    /// <param name="layers">Blocks, L.</param>
    public IReadOnlyList<int> Of(EncodedExample row, int layers)
    {
        ArgumentNullException.ThrowIfNull(row);
        var (from, to) = (row.Question.Length - 1, row.Question.Length + row.Rationale.Length);
        var delta = step ?? (layers == 1 ? 0 : (double)(to - from) / (layers - 1));
        int Place(int layer) => (int)System.Math.Round(from + (layer * delta), MidpointRounding.ToEven);
        return [.. Enumerable.Range(0, layers).Select(layer => System.Math.Min(Place(layer), to))];
    }
}
