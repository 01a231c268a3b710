using System.Runtime.Intrinsics;
using LoRi.Math;
using LoRi.Math.Fluent;
using LoRi.Models.Tensors;
using LoRi.Training.Ranks;
using static TorchSharp.torch;

namespace LoRi.Training.Teachers;

/// <summary>
/// The second of two readings of a corpus on the CPU. One matrix holds the products of one level of a batch; it is added, over the level's
/// squared scale, to the sums of every standardisation, and then is the next level's: memory O(d^2), whatever the number of levels. Of all
/// matrices the upper half is computed, in stripes; of several ranks, which all read every batch, each has some of the stripes, so that
/// their number changes no sum. The plain path for every device is <see cref="GramSums"/>.
/// </summary>
/// <param name="sums">What the first reading found, on the CPU.</param>
/// <param name="start">Nothing read yet, one per standardisation.</param>
/// <param name="ranks">The ranks that share the stripes.</param>
internal sealed class GramReading(LevelSums sums, IReadOnlyList<GramSums> start, ICommunicator ranks) : IDisposable
{
    private const int Stripes = 8, BlockTokens = 512;
    private readonly int levels = sums.Shift.Shape[0];
    private readonly int width = sums.Shift.Shape[1];
    private readonly Tensor shift = TorchTensor.Unwrap(sums.Shift);
    private readonly double[][] weights = [.. start.Select(one => one.Rms.Select(rms => 1 / (rms * rms)).ToArray())];
    private readonly (long From, long Count)[] own = [.. StripesOf(sums.Shift.Shape[1], ranks, ranks.Rank)];
    private readonly Tensor grams = Zeros(start.Count, sums.Shift.Shape[1], sums.Shift.Shape[1]);
    private readonly Tensor products = Zeros(sums.Shift.Shape[1], sums.Shift.Shape[1]);
    private readonly Tensor block = Zeros(BlockTokens, sums.Shift.Shape[1]);

    /// <summary>Adds a batch.</summary>
    /// <param name="states">[B, L, T, d].</param>
    /// <param name="counts">Tokens of each example.</param>
    public void Add(Tensor states, int[] counts)
    {
        TokenGathering.Check(states, counts, levels, width);
        using var scope = NewDisposeScope();
        var readable = TokenGathering.Readable(states);
        var parts = TokenGathering.Places(counts).Chunk(BlockTokens).ToArray();
        for (var level = 0; level < levels && parts.Length > 0 && own.Length > 0; level++)
        {
            for (var part = 0; part < parts.Length; part++)
            {
                using var inner = NewDisposeScope();
                TokenGathering.FillLevel(block, readable, level, parts[part], shift);
                foreach (var stripe in own)
                {
                    GramStripes.Add(products, block.narrow(0, 0, parts[part].Length), stripe, replaces: part == 0);
                }
            }

            AddWeighted(level);
        }
    }

    /// <summary>The sums under every standardisation, whose tensors belong to the open dispose scope; the first rank's alone, null on the
    /// others.</summary>
    public GramSums[]? Finish()
    {
        if (!ranks.IsFirst)
        {
            foreach (var stripe in own)
            {
                using var scope = NewDisposeScope();
                ranks.Send(GramStripes.Part(grams, stripe).contiguous().view(-1), 0);
            }

            return null;
        }

        for (var rank = 1; rank < ranks.Size; rank++)
        {
            foreach (var stripe in StripesOf(width, ranks, rank))
            {
                using var scope = NewDisposeScope();
                var received = empty_like(GramStripes.Part(grams, stripe)).contiguous();
                ranks.Receive(received.view(-1), rank);
                GramStripes.Part(grams, stripe).copy_(received);
            }
        }

        GramStripes.Mirror(grams, Stripes);
        return [.. start.Select((one, number) => Readings.Grams(sums, one, LevelReading.Owned(grams[number])))];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var tensor in new[] { grams, products, block })
        {
            tensor.Dispose();
        }
    }

    private static Tensor Zeros(params long[] shape) => zeros(shape, ScalarType.Float64).DetachFromDisposeScope();

    /// <summary>The stripes of a rank: long ones and short ones, so that all have about as much to do.</summary>
    private static IEnumerable<(long From, long Count)> StripesOf(int width, ICommunicator ranks, int rank) =>
        GramStripes.Of(width, Stripes).Where((_, number) =>
        {
            var place = number % (2 * ranks.Size);
            return rank == (place < ranks.Size ? place : (2 * ranks.Size) - 1 - place);
        });

    /// <summary>Adds the level's products to the sums of every standardisation, in one reading.</summary>
    private unsafe void AddWeighted(int level)
    {
        var (from, to) = (VectorWork.Address(products), VectorWork.Address(grams));
        foreach (var (first, count) in own)
        {
            VectorWork.InParallel((int)count, row =>
            {
                var place = ((first + row) * width) + first;
                for (var number = 0; number < weights.Length; number++)
                {
                    var sum = (double*)to + ((long)number * width * width) + place;
                    AddTimes((double*)from + place, weights[number][level], sum, (int)(width - first));
                }
            });
        }
    }

    private static unsafe void AddTimes(double* values, double weight, double* sum, int count)
    {
        var (i, factor) = (0, Vector512.Create(weight));
        for (; i <= count - Vector512<double>.Count; i += Vector512<double>.Count)
        {
            (Vector512.Load(sum + i) + (factor * Vector512.Load(values + i))).Store(sum + i);
        }

        for (; i < count; i++)
        {
            sum[i] += weight * values[i];
        }
    }
}
