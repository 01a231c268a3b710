using LoRi.Math;
using LoRi.Math.Fluent;
using LoRi.Training.Tensors;
using LoRi.Training.Trajectories;
using static TorchSharp.torch;

namespace LoRi.Training.Methods.LoRi;

/// <summary>Fits the shared subspace to a corpus: one reading for the Gram matrices, one for what the weightings need.</summary>
public static class TeacherFit
{
    /// <summary>The fitted subspace with variances, kept energy and anchor deviations; all sums in float64.</summary>
    /// <param name="source">The corpus.</param>
    /// <param name="settings">The fit, and the weighting whose variances are kept.</param>
    /// <param name="lowMemory">Read once more and keep no hidden Gram matrix per level.</param>
    /// <param name="everyStatistic">Keep the variances of all statistics, not only of those that the settings compare.</param>
    /// <exception cref="InputException">The corpus is empty, not finite, or too small for the ranks.</exception>
    public static SharedSubspace Fit(ITrajectorySource source, LoRiSettings settings, bool lowMemory = false, bool everyStatistic = false)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(settings);
        using var scope = NewDisposeScope();
        try
        {
            var fitted = lowMemory
                ? Subspaces.Fit(new TorchSpectral(), settings.Subspace, CorpusReading.Twice(source))
                : Subspaces.Fit(new TorchSpectral(), settings.Subspace, CorpusReading.Once(source));
            var rationale = settings.Objective.Rationale;
            var measured = everyStatistic
                ? MeasuredVariancesModule.every(rationale.Weighting, fitted)
                : MeasuredVariancesModule.ofRationale(rationale);
            var measures = new SubspaceMeasures(fitted, measured, CorpusReading.Exact(zeros(1)));
            source.ForEach(batch => Measure(measures, batch));
            return Subspaces.Validate(measures.Finish());
        }
        catch (ArgumentException error)
        {
            throw new InputException(error.Message, error);
        }
    }

    /// <summary>A batch in parts whose statistics fit, each with a scope of its own.</summary>
    private static void Measure(SubspaceMeasures measures, Trajectories.TrajectoryBatch batch)
    {
        for (var start = 0; start < batch.Lengths.Length; start += measures.ExamplesAtOnce)
        {
            using var part = NewDisposeScope();
            var count = System.Math.Min(measures.ExamplesAtOnce, batch.Lengths.Length - start);
            Subspaces.Measure(
                measures,
                CorpusReading.Exact(batch.Trajectories.narrow(0, start, count)),
                batch.Lengths.AsSpan(start, count).ToArray(),
                CorpusReading.Exact(batch.Anchors.shape[0] == 0 ? batch.Anchors : batch.Anchors.narrow(0, start, count)));
        }
    }
}
