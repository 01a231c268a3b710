using LoRi.Math;
using LoRi.Math.Fluent;
using LoRi.Training.Tensors;
using LoRi.Training.Trajectories;
using TorchSharp;
using static TorchSharp.torch;

namespace LoRi.Training.Methods.LoRi;

/// <summary>Fits the shared subspace to a corpus: one reading for the Gram matrices, one for what the weightings need.</summary>
public static class TeacherFit
{
    /// <summary>The fitted subspace with variances, kept energy and anchor deviations; all sums in float64.</summary>
    /// <param name="source">The corpus.</param>
    /// <param name="settings">The fit, and the weighting whose variances are kept.</param>
    /// <param name="lowMemory">Read once more and keep no hidden Gram matrix per level.</param>
    /// <exception cref="InputException">The corpus is empty, not finite, or too small for the ranks.</exception>
    public static SharedSubspace Fit(ITrajectorySource source, LoRiSettings settings, bool lowMemory = false)
    {
        using var scope = NewDisposeScope();
        try
        {
            var fitted = lowMemory
                ? Subspaces.Fit(
                    new TorchSpectral(), settings.Kind, settings.Standardisation, settings.LayerRank, settings.HiddenRank, TwoPassCorpora.Read(source))
                : Subspaces.Fit(
                    new TorchSpectral(), settings.Kind, settings.Standardisation, settings.LayerRank, settings.HiddenRank, OnePass(source));
            var measures = new SubspaceMeasures(fitted, settings.Objective.Rationale.Weighting, Exact(zeros(1)));
            source.ForEach(batch =>
            {
                measures.AddTrajectories(Exact(batch.Trajectories), batch.Lengths);
                measures.AddAnchors(Exact(batch.Anchors));
            });
            return measures.Finish();
        }
        catch (ArgumentException error)
        {
            throw new InputException(error.Message, error);
        }
    }

    private static CorpusStatistics OnePass(ITrajectorySource source)
    {
        CorpusStatistics? statistics = null;
        source.ForEach(batch =>
        {
            var states = Exact(batch.Trajectories);
            var next = statistics is null ? CorpusStatistics.Start(states, batch.Lengths) : statistics.Add(states, batch.Lengths);
            Keep(next, statistics);
            statistics = next;
        });
        return statistics ?? throw new InputException("there is no example to fit a subspace to");
    }

    private static TorchTensor Exact(Tensor values) => new(values.to(ScalarType.Float64));

    /// <summary>Sums outlive the batch's scope; those they replace go.</summary>
    private static void Keep(CorpusStatistics next, CorpusStatistics? replaced)
    {
        foreach (var tensor in Tensors(next))
        {
            tensor.MoveToOuterDisposeScope();
        }

        if (replaced is not null)
        {
            foreach (var tensor in Tensors(replaced).Except(Tensors(next)))
            {
                tensor.Dispose();
            }
        }
    }

    private static IEnumerable<Tensor> Tensors(CorpusStatistics statistics) =>
        new[] { statistics.Shift, statistics.Sums, statistics.HiddenGrams, statistics.LevelProducts }.Select(TorchTensor.Unwrap);
}
