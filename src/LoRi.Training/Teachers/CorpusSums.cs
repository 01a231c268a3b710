using LoRi.Math;
using LoRi.Math.Fluent;
using LoRi.Training.Ranks;
using static TorchSharp.torch;

namespace LoRi.Training.Teachers;

/// <summary>
/// The sums of <see cref="CorpusStatistics"/> over a corpus on the CPU, added in place: those of <see cref="LevelReading"/>, and of the
/// Gram matrices of single levels the upper half, in stripes. What it gives must agree with
/// <see cref="Readings.Add(CorpusStatistics, RawTensor, int[])"/>, the plain path for every device. Of several ranks,
/// which all add every batch, each has the hidden Gram matrices of some levels, so that their number changes no sum.
/// </summary>
internal sealed class CorpusSums : IDisposable
{
    private const int Stripes = 4, BlockTokens = 512;

    /// <summary>Values of 64 bytes: sums of products may differ by where, from one such place to the next, a matrix begins.</summary>
    private const int Alignment = 8;
    private readonly ICommunicator ranks;
    private readonly long levels;
    private readonly (long From, long Count) own;
    private readonly LevelReading reading;
    private readonly long width;

    /// <summary>[n, d d and some more], so that a matrix lies alike in memory whatever the levels before it on its rank.</summary>
    private readonly Tensor grams;

    /// <summary>No sums yet, around the mean of a first batch.</summary>
    /// <param name="states">[B, L, T, d].</param>
    /// <param name="counts">Tokens of each example.</param>
    /// <param name="ranks">The ranks that share the levels; null for this process alone.</param>
    public CorpusSums(Tensor states, int[] counts, ICommunicator? ranks = null)
    {
        this.ranks = ranks ?? SingleProcess.Instance;
        (levels, width) = (states.shape[1], states.shape[3]);
        own = LevelsOf(this.ranks.Rank);
        reading = new(states, counts, BlockTokens);
        var room = ((width * width) + Alignment - 1) / Alignment * Alignment;
        grams = zeros([this.ranks.IsFirst ? levels : own.Count, room], ScalarType.Float64).DetachFromDisposeScope();
    }

    /// <summary>Adds a batch. Shapes as in the first one.</summary>
    public void Add(Tensor states, int[] counts) => reading.Add(states, counts, withProducts: ranks.IsFirst, AddProducts);

    /// <summary>The statistics, whose tensors belong to the open dispose scope; the first rank's alone, null on the others.</summary>
    /// <exception cref="Files.InputException">The ranks have read different states.</exception>
    public CorpusStatistics? Finish()
    {
        Collect();
        if (!ranks.IsFirst)
        {
            return null;
        }

        using var whole = Matrices(0, levels);
        GramStripes.Mirror(whole, Stripes);
        return Readings.Statistics(
            LevelReading.Owned(reading.Shift), reading.Examples, reading.Tokens, LevelReading.Owned(reading.Sums),
            LevelReading.Owned(whole), LevelReading.Owned(reading.Products));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        reading.Dispose();
        grams.Dispose();
    }

    /// <summary>The levels whose hidden Gram matrices a rank adds up; the first rank's begin with the first level.</summary>
    private (long From, long Count) LevelsOf(int rank)
    {
        var from = levels * rank / ranks.Size;
        return (from, (levels * (rank + 1) / ranks.Size) - from);
    }

    /// <summary>Matrices of some levels that this rank holds, [n, d, d].</summary>
    private Tensor Matrices(long from, long count) =>
        grams.narrow(0, from, count).narrow(1, 0, width * width).view(count, width, width);

    /// <summary>Brings the matrices of all ranks to the first one.</summary>
    private void Collect()
    {
        CorpusReading.Agree(ranks, reading.Shift, reading.Sums);
        if (!ranks.IsFirst)
        {
            ranks.Send(grams.view(-1), 0);
            return;
        }

        for (var rank = 1; rank < ranks.Size; rank++)
        {
            using var scope = NewDisposeScope();
            var (from, count) = LevelsOf(rank);
            ranks.Receive(grams.narrow(0, from, count).view(-1), rank);
        }
    }

    private void AddProducts(Tensor states)
    {
        for (var level = 0L; level < own.Count; level++)
        {
            using var scope = NewDisposeScope();
            var gram = Matrices(level, 1)[0];
            foreach (var stripe in GramStripes.Of(width, Stripes))
            {
                GramStripes.Add(gram, states[own.From + level], stripe);
            }
        }
    }
}
