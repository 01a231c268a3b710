using static TorchSharp.torch;

namespace LoRi.Training.Ranks;

/// <summary>The values of a flat tensor [n] that one rank sums and updates, and where they lie in a buffer of these alone.</summary>
internal sealed class RankShare
{
    private readonly long[] places;

    /// <summary>The share of a rank.</summary>
    /// <param name="rank">Its number.</param>
    /// <param name="size">How many ranks there are.</param>
    /// <param name="values">The length of the tensor, n.</param>
    public RankShare(int rank, int size, long values)
    {
        Runs = TreeSum.Shares(rank, size, values);
        places = new long[Runs.Count];
        for (var run = 0; run < Runs.Count; run++)
        {
            places[run] = Count;
            Count += Runs[run].Count;
        }
    }

    /// <summary>How many values.</summary>
    public long Count { get; }

    /// <summary>The runs of the tensor, in its order.</summary>
    public IReadOnlyList<(long From, long Count)> Runs { get; }

    /// <summary>What of a run of the tensor belongs to the share: where it begins, how many values, and its place in the buffer.</summary>
    /// <param name="from">The first value.</param>
    /// <param name="to">The one behind the last.</param>
    public IEnumerable<(long From, long Count, long Place)> Within(long from, long to)
    {
        for (var run = 0; run < Runs.Count; run++)
        {
            var (first, last) = (long.Max(from, Runs[run].From), long.Min(to, Runs[run].From + Runs[run].Count));
            if (first < last)
            {
                yield return (first, last - first, places[run] + first - Runs[run].From);
            }
        }
    }

    /// <summary>Copies the share out of a whole tensor.</summary>
    public void Take(Tensor whole, Tensor own) => Copy(whole, own, (from, to) => to.copy_(from));

    /// <summary>Copies the share to its places in a whole tensor.</summary>
    public void Put(Tensor own, Tensor whole) => Copy(whole, own, (to, from) => to.copy_(from));

    private void Copy(Tensor whole, Tensor own, Action<Tensor, Tensor> copy)
    {
        for (var run = 0; run < Runs.Count; run++)
        {
            using var scope = NewDisposeScope();
            copy(whole.narrow(0, Runs[run].From, Runs[run].Count), own.narrow(0, places[run], Runs[run].Count));
        }
    }
}
