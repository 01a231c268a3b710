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
    /// <summary>Tokens of a block of all levels where little memory is to be taken.</summary>
    private const int LevelTokens = 64;

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
                if (OnVectors(batch))
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

    /// <summary>Two readings: memory O(L^2 + L d + d^2). On a CPU with vectors sums are added in place.</summary>
    /// <exception cref="InputException">There is no example.</exception>
    public static StandardisedCorpora Twice(ITrajectorySource source) => Twice(source, SingleProcess.Instance)!;

    /// <summary>The same by several ranks, which share the stripes of the sums; the first one's corpora, null on the others.</summary>
    /// <exception cref="InputException">There is no example, or ranks with vectors have read different ones.</exception>
    public static StandardisedCorpora? Twice(ITrajectorySource source, ICommunicator ranks)
    {
        LevelReading? inPlace = null;
        try
        {
            var plain = PlainSums();
            ForEach(source, ranks, batch =>
            {
                if (OnVectors(batch))
                {
                    inPlace ??= new LevelReading(batch.Trajectories, batch.Lengths, LevelTokens);
                    inPlace.Add(batch.Trajectories, batch.Lengths);
                }
                else if (ranks.IsFirst)
                {
                    plain.Add(batch);
                }
            });
            return inPlace is not null ? SecondInPlace(source, ranks, inPlace) : SecondPlain(source, ranks, plain);
        }
        finally
        {
            inPlace?.Dispose();
        }
    }

    /// <summary>Two readings by the core's own operations, for every device.</summary>
    internal static StandardisedCorpora PlainTwice(ITrajectorySource source)
    {
        var first = PlainSums();
        ForEach(source, SingleProcess.Instance, first.Add);
        return SecondPlain(source, SingleProcess.Instance, first)!;
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

    private static bool OnVectors(TrajectoryBatch batch) =>
        batch.Trajectories.device_type == DeviceType.CPU && VectorWork.VectorBits > 0;

    private static StandardisedCorpora? SecondInPlace(ITrajectorySource source, ICommunicator ranks, LevelReading first)
    {
        Agree(ranks, first.Shift, first.Sums, first.Products);
        var sums = first.Finish();
        using var second = new GramReading(sums, Readings.Start(sums), ranks);
        ForEach(source, ranks, batch => second.Add(batch.Trajectories, batch.Lengths));
        return second.Finish() is { } all ? Readings.Finish(sums, all) : null;
    }

    private static StandardisedCorpora? SecondPlain(ITrajectorySource source, ICommunicator ranks, Accumulation<LevelSums> first)
    {
        if (!ranks.IsFirst)
        {
            ForEach(source, ranks, _ => { });
            return null;
        }

        var sums = first.Whole;
        var start = Readings.Start(sums);
        var second = new Accumulation<IReadOnlyList<GramSums>>(
            (grams, states, counts) => [.. (grams ?? start).Select(one => Readings.Add(one, states, counts))],
            grams => [.. grams.SelectMany(one => one.Tensors.Skip(start[0].Tensors.Length))]);
        ForEach(source, ranks, second.Add);
        return Readings.Finish(sums, second.Whole);
    }

    private static Accumulation<LevelSums> PlainSums() => new(
        (sums, states, counts) => sums is null ? Readings.Sums(states, counts) : Readings.Add(sums, states, counts),
        sums => [sums.Shift, sums.Sums, sums.LevelProducts]);

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
