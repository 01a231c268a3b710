using LoRi.Files;
using LoRi.Math;
using LoRi.Math.Fluent;
using LoRi.Models.Tensors;
using LoRi.Training.Trajectories;
using static TorchSharp.torch;

namespace LoRi.Training.Teachers;

/// <summary>Reads a corpus for the core's statistics, in float64, and keeps their tensors alive from batch to batch.</summary>
internal static class CorpusReading
{
    /// <summary>Values as the statistics want them.</summary>
    public static TorchTensor Exact(Tensor values) => new(values.to(ScalarType.Float64));

    /// <summary>One reading: memory O(L^2 + L d^2).</summary>
    public static CorpusStatistics Once(ITrajectorySource source) => Accumulate<CorpusStatistics>(
        source,
        (statistics, states, counts) => statistics is null ? Readings.Statistics(states, counts) : Readings.Add(statistics, states, counts),
        statistics => [statistics.Shift, statistics.Sums, statistics.HiddenGrams, statistics.LevelProducts]);

    /// <summary>Two readings: memory O(L^2 + L d + d^2).</summary>
    public static StandardisedCorpora Twice(ITrajectorySource source)
    {
        var sums = Accumulate<LevelSums>(
            source,
            (sums, states, counts) => sums is null ? Readings.Sums(states, counts) : Readings.Add(sums, states, counts),
            sums => [sums.Shift, sums.Sums, sums.Squares]);
        var grams = Accumulate<IReadOnlyList<GramSums>>(
            source,
            (grams, states, counts) => [.. (grams ?? Readings.Start(sums)).Select(one => Readings.Add(one, states, counts))],
            grams => [.. grams.SelectMany(one => one.Tensors)]);
        return Readings.Finish(sums, grams);
    }

    /// <summary>Sums outlive the batch's scope; those they replace go.</summary>
    private static T Accumulate<T>(ITrajectorySource source, Func<T?, RawTensor, int[], T> add, Func<T, RawTensor[]> tensors)
        where T : class
    {
        T? sums = null;
        Tensor[] before = [];
        source.ForEach(batch =>
        {
            sums = add(sums, Exact(batch.Trajectories), batch.Lengths);
            var after = tensors(sums).Select(TorchTensor.Unwrap).ToArray();
            foreach (var tensor in after.Except(before))
            {
                tensor.MoveToOuterDisposeScope();
            }

            foreach (var tensor in before.Except(after))
            {
                tensor.Dispose();
            }

            before = after;
        });
        return sums ?? throw new InputException("there is no example to fit a subspace to");
    }
}
