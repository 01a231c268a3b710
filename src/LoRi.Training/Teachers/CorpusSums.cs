using LoRi.Math;
using LoRi.Math.Fluent;
using LoRi.Models.Tensors;
using LoRi.Training.Ranks;
using static TorchSharp.torch;

namespace LoRi.Training.Teachers;

/// <summary>
/// The sums of <see cref="CorpusStatistics"/> over a corpus on the CPU, added in place. Tokens are taken in blocks: padding left out,
/// widened to float64 and centred by the reading that gathers them; of the Gram matrices the upper half is computed, in stripes. What it
/// gives must agree with <see cref="Readings.Add(CorpusStatistics, RawTensor, int[])"/>, the plain path for every device. Of several ranks,
/// which all add every batch, each has the hidden Gram matrices of some levels, so that their number changes no sum.
/// </summary>
internal sealed class CorpusSums : IDisposable
{
    private const int Stripes = 4, BlockTokens = 512;
    private readonly ICommunicator ranks;
    private readonly long levels;
    private readonly long width;
    private readonly (long From, long Count) own;
    private readonly Tensor shift;
    private readonly Tensor sums;
    private readonly Tensor grams;
    private readonly Tensor products;
    private readonly Tensor block;
    private int examples;
    private double tokens;

    /// <summary>No sums yet, around the mean of a first batch.</summary>
    /// <param name="states">[B, L, T, d].</param>
    /// <param name="counts">Tokens of each example.</param>
    /// <param name="ranks">The ranks that share the levels; null for this process alone.</param>
    public CorpusSums(Tensor states, int[] counts, ICommunicator? ranks = null)
    {
        using var scope = NewDisposeScope();
        this.ranks = ranks ?? SingleProcess.Instance;
        (levels, width) = (states.shape[1], states.shape[3]);
        own = LevelsOf(this.ranks.Rank);
        Tensor Zeros(params long[] shape) => zeros(shape, ScalarType.Float64).DetachFromDisposeScope();
        (sums, products) = (Zeros(levels, width), Zeros(levels, levels));
        grams = Zeros(this.ranks.IsFirst ? levels : own.Count, width, width);
        (shift, block) = (Zeros(levels, width), Zeros(levels, BlockTokens, width));
        ForEachBlock(states, counts, _ => { });
        shift.copy_(sums.Over(double.Max(1, counts.Sum())));
        sums.zero_();
    }

    /// <summary>Adds a batch. Shapes as in the first one.</summary>
    public void Add(Tensor states, int[] counts)
    {
        examples += counts.Count(count => count > 0);
        tokens += counts.Sum();
        ForEachBlock(states, counts, AddProducts);
    }

    /// <summary>The statistics, whose tensors belong to the open dispose scope; the first rank's alone, null on the others.</summary>
    /// <exception cref="Files.InputException">The ranks have read different states.</exception>
    public CorpusStatistics? Finish()
    {
        Collect();
        if (!ranks.IsFirst)
        {
            return null;
        }

        using (NewDisposeScope())
        {
            foreach (var (from, count) in StripesOf(width))
            {
                var (start, rest) = (from + count, width - from - count);
                grams.narrow(1, start, rest).narrow(2, from, count).copy_(
                    grams.narrow(1, from, count).narrow(2, start, rest).transpose(1, 2));
            }
        }

        RawTensor Copy(Tensor sum) => new TorchTensor(sum.alias());
        return Readings.Statistics(Copy(shift), examples, tokens, Copy(sums), Copy(grams), Copy(products));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var tensor in new[] { shift, sums, grams, products, block })
        {
            tensor.Dispose();
        }
    }

    /// <summary>The levels whose hidden Gram matrices a rank adds up; the first rank's begin with the first level.</summary>
    private (long From, long Count) LevelsOf(int rank)
    {
        var from = levels * rank / ranks.Size;
        return (from, (levels * (rank + 1) / ranks.Size) - from);
    }

    /// <summary>Brings the matrices of all ranks to the first one.</summary>
    private void Collect()
    {
        CorpusReading.Agree(ranks, shift, sums);
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

    private static IEnumerable<(long From, long Count)> StripesOf(long width)
    {
        var size = (width + Stripes - 1) / Stripes;
        for (var from = 0L; from < width; from += size)
        {
            yield return (from, long.Min(size, width - from));
        }
    }

    /// <summary>Fills the block with the batch's tokens, again and again, each time with all of it that fits.</summary>
    private void ForEachBlock(Tensor states, int[] counts, Action<int> use)
    {
        Check(states, counts);
        using var scope = NewDisposeScope();
        var readable = TokenGathering.Readable(states);
        (int Example, int Token)[] places =
            [.. counts.SelectMany((count, example) => Enumerable.Range(0, count).Select(token => (example, token)))];
        foreach (var part in places.Chunk(BlockTokens))
        {
            TokenGathering.Fill(block, readable, part, shift, sums);
            use(part.Length);
        }
    }

    /// <summary>What is read by pointers must lie within the tensors.</summary>
    private void Check(Tensor states, int[] counts)
    {
        if (states.dim() != 4 || states.shape[1] != levels || states.shape[3] != width)
        {
            throw new ArgumentException($"a batch of states has shape {string.Join(" x ", states.shape)} where the corpus has {levels} "
                + $"levels of {width} components", nameof(states));
        }

        if (counts.Length != states.shape[0] || counts.Any(count => count < 0 || count > states.shape[2]))
        {
            throw new ArgumentException($"{counts.Length} numbers of tokens, from {counts.DefaultIfEmpty().Min()} to "
                + $"{counts.DefaultIfEmpty().Max()}, are not those of {states.shape[0]} examples of up to {states.shape[2]} tokens",
                nameof(counts));
        }
    }

    private void AddProducts(int filled)
    {
        using var scope = NewDisposeScope();
        var states = block.narrow(1, 0, filled);
        for (var level = 0L; level < own.Count; level++)
        {
            var (x, gram) = (states[own.From + level], grams[level]);
            foreach (var (from, count) in StripesOf(width))
            {
                gram.narrow(0, from, count).narrow(1, from, width - from)
                    .addmm_(x.narrow(1, from, count).t(), x.narrow(1, from, width - from), 1, 1);
            }
        }

        if (!ranks.IsFirst)
        {
            return;
        }

        var byToken = states.transpose(0, 1);
        products.IncreaseBy(byToken.matmul(byToken.transpose(1, 2)).sum([0L]), 1);
    }
}
