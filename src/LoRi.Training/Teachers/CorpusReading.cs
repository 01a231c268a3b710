using LoRi.Files;
using LoRi.Files.Disk;
using LoRi.Math;
using LoRi.Math.Fluent;
using LoRi.Models.Tensors;
using LoRi.Training.Ranks;
using LoRi.Training.Trajectories;
using TorchSharp;
using static TorchSharp.torch;

namespace LoRi.Training.Teachers;

/// <summary>Reads a corpus for the core's statistics, in float64, and keeps their tensors alive from batch to batch.</summary>
internal static class CorpusReading
{
    /// <summary>Values as the statistics want them.</summary>
    public static TorchTensor Exact(Tensor values) => new(values.to(ScalarType.Float64));

    /// <summary>One reading: memory O(L^2 + L d^2). On a CPU with vectors sums are added in place.</summary>
    /// <exception cref="InputException">There is no example.</exception>
    public static CorpusStatistics Once(ITrajectorySource source) => Once(source, SingleProcess.Instance)!;

    /// <summary>The same by several ranks, which share the levels; the first one's statistics, null on the others.</summary>
    /// <exception cref="InputException">There is no example, or the ranks have read different ones.</exception>
    public static CorpusStatistics? Once(ITrajectorySource source, ICommunicator ranks)
    {
        CorpusSums? inPlace = null;
        try
        {
            var plain = Plain();
            ForEach(source, ranks, batch =>
            {
                if (batch.Trajectories.device_type == DeviceType.CPU && VectorWork.VectorBits > 0)
                {
                    inPlace ??= new CorpusSums(batch.Trajectories, batch.Lengths, ranks);
                    inPlace.Add(batch.Trajectories, batch.Lengths);
                }
                else if (ranks.IsFirst)
                {
                    plain.Add(batch);
                }
            });
            return inPlace is not null ? inPlace.Finish() : ranks.IsFirst ? plain.Whole : null;
        }
        finally
        {
            inPlace?.Dispose();
        }
    }

    /// <summary>Two readings: memory O(L^2 + L d + d^2).</summary>
    /// <exception cref="InputException">There is no example.</exception>
    public static StandardisedCorpora Twice(ITrajectorySource source) => Twice(source, SingleProcess.Instance)!;

    /// <summary>The same by several ranks, which share the standardisations; the first one's corpora, null on the others.</summary>
    /// <exception cref="InputException">There is no example, or the ranks have read different ones.</exception>
    public static StandardisedCorpora? Twice(ITrajectorySource source, ICommunicator ranks)
    {
        var first = new Accumulation<LevelSums>(
            (sums, states, counts) => sums is null ? Readings.Sums(states, counts) : Readings.Add(sums, states, counts),
            sums => [sums.Shift, sums.Sums, sums.Squares]);
        ForEach(source, ranks, first.Add);
        var sums = first.Whole;
        Agree(ranks, TorchTensor.Unwrap(sums.Shift), TorchTensor.Unwrap(sums.Sums));
        var start = Readings.Start(sums);
        var second = new Accumulation<IReadOnlyList<GramSums>>(
            (grams, states, counts) =>
                [.. (grams ?? start).Select((one, number) => number % ranks.Size == ranks.Rank ? Readings.Add(one, states, counts) : one)],
            grams => [.. grams.SelectMany(one => one.Tensors)]);
        ForEach(source, ranks, second.Add);
        return Collected(start, second.Whole, ranks) is { } all ? Readings.Finish(sums, all) : null;
    }

    /// <summary>Refuses ranks that have not read the same states.</summary>
    /// <param name="ranks">The ranks.</param>
    /// <param name="sums">What each of them has summed over all states, float64.</param>
    /// <exception cref="InputException">One of them has other sums.</exception>
    internal static void Agree(ICommunicator ranks, params Tensor[] sums)
    {
        if (ranks.Size > 1)
        {
            using var hash = new ContentHash();
            foreach (var sum in sums)
            {
                using var flat = sum.contiguous();
                hash.Add<double>(flat.data<double>().ToArray());
            }

            Agreement.Check(ranks, ("the SHA-256 of the sums of all states", hash.Take()));
        }
    }

    /// <summary>Every batch, in step with the other ranks: none runs away from one that does not answer.</summary>
    private static void ForEach(ITrajectorySource source, ICommunicator ranks, Action<TrajectoryBatch> use) => source.ForEach(batch =>
    {
        use(batch);
        if (ranks.Size > 1)
        {
            ranks.Gather([]);
        }
    });

    /// <summary>The sums under every standardisation, each from the rank that has made them; null on all ranks but the first.</summary>
    private static GramSums[]? Collected(IReadOnlyList<GramSums> start, IReadOnlyList<GramSums> own, ICommunicator ranks)
    {
        for (var number = 0; number < own.Count && !ranks.IsFirst; number++)
        {
            if (number % ranks.Size == ranks.Rank)
            {
                // Behind the mean.
                foreach (var gram in own[number].Tensors.Skip(1).Select(TorchTensor.Unwrap))
                {
                    ranks.Send(gram.contiguous().view(-1), 0);
                }
            }
        }

        return ranks.IsFirst ? [.. own.Select((one, number) => number % ranks.Size == 0 ? one : Received(start[number], number))] : null;

        GramSums Received(GramSums from, int number)
        {
            RawTensor Gram(int size)
            {
                var gram = empty([size, size], ScalarType.Float64);
                ranks.Receive(gram.view(-1), number % ranks.Size);
                return new TorchTensor(gram);
            }

            var shape = from.Tensors.Head.Shape;
            return Readings.Grams(from, Gram(shape[0]), Gram(shape[1]));
        }
    }

    /// <summary>One reading by the core's own operations, for every device.</summary>
    internal static Accumulation<CorpusStatistics> Plain() => new(
        (statistics, states, counts) => statistics is null ? Readings.Statistics(states, counts) : Readings.Add(statistics, states, counts),
        statistics => [statistics.Shift, statistics.Sums, statistics.HiddenGrams, statistics.LevelProducts]);

    /// <summary>Sums of the core that outlive the batches' scopes; those they replace go.</summary>
    /// <param name="add">The sums with one more batch, of which there may be none yet.</param>
    /// <param name="tensors">The tensors that sums consist of.</param>
    internal sealed class Accumulation<T>(Func<T?, RawTensor, int[], T> add, Func<T, RawTensor[]> tensors)
        where T : class
    {
        private T? sums;
        private Tensor[] kept = [];

        /// <summary>The sums of all batches.</summary>
        /// <exception cref="InputException">There was none.</exception>
        public T Whole => sums ?? throw new InputException("there is no example to fit a subspace to");

        /// <summary>Adds a batch, in whose dispose scope it is called.</summary>
        public void Add(TrajectoryBatch batch)
        {
            sums = add(sums, Exact(batch.Trajectories), batch.Lengths);
            var after = tensors(sums).Select(TorchTensor.Unwrap).ToArray();
            foreach (var tensor in after.Except(kept))
            {
                tensor.MoveToOuterDisposeScope();
            }

            foreach (var tensor in kept.Except(after))
            {
                tensor.Dispose();
            }

            kept = after;
        }
    }
}
