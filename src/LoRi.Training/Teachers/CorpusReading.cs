using LoRi.Files;
using LoRi.Math;
using LoRi.Math.Fluent;
using LoRi.Models.Tensors;
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
    public static CorpusStatistics Once(ITrajectorySource source)
    {
        CorpusSums? inPlace = null;
        try
        {
            var plain = Plain();
            source.ForEach(batch =>
            {
                if (batch.Trajectories.device_type == DeviceType.CPU && VectorWork.VectorBits > 0)
                {
                    inPlace ??= new CorpusSums(batch.Trajectories, batch.Lengths);
                    inPlace.Add(batch.Trajectories, batch.Lengths);
                }
                else
                {
                    plain.Add(batch);
                }
            });
            return inPlace?.Finish() ?? plain.Whole;
        }
        finally
        {
            inPlace?.Dispose();
        }
    }

    /// <summary>Two readings: memory O(L^2 + L d + d^2).</summary>
    public static StandardisedCorpora Twice(ITrajectorySource source)
    {
        var first = new Accumulation<LevelSums>(
            (sums, states, counts) => sums is null ? Readings.Sums(states, counts) : Readings.Add(sums, states, counts),
            sums => [sums.Shift, sums.Sums, sums.Squares]);
        source.ForEach(first.Add);
        var sums = first.Whole;
        var second = new Accumulation<IReadOnlyList<GramSums>>(
            (grams, states, counts) => [.. (grams ?? Readings.Start(sums)).Select(one => Readings.Add(one, states, counts))],
            grams => [.. grams.SelectMany(one => one.Tensors)]);
        source.ForEach(second.Add);
        return Readings.Finish(sums, second.Whole);
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
