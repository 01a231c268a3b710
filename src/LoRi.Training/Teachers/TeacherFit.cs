using LoRi.Files;
using LoRi.Math;
using LoRi.Math.Fluent;
using LoRi.Models.Tensors;
using LoRi.Training.Trajectories;
using static TorchSharp.torch;

namespace LoRi.Training.Teachers;

/// <summary>Fits the shared subspace to a corpus: one reading for the Gram matrices, one for what the weightings need.</summary>
public static class TeacherFit
{
    /// <summary>The fitted subspace with variances, kept energy and anchor deviations; all sums in float64.</summary>
    /// <param name="source">The corpus.</param>
    /// <param name="settings">The fit, and the weighting whose variances are kept.</param>
    /// <param name="lowMemory">Read once more and keep no hidden Gram matrix per level.</param>
    /// <param name="everyStatistic">Keep the variances of all statistics, not only of those that the settings compare.</param>
    /// <param name="gradients">The gradients of the answer's loss with respect to the corpus, where a subspace of them is fitted.</param>
    /// <exception cref="InputException">The corpus is empty, not finite, or too small for the ranks.</exception>
    public static MeasuredSubspace Fit(
        ITrajectorySource source, LoRiSettings settings, bool lowMemory = false, bool everyStatistic = false,
        ITrajectorySource? gradients = null)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(settings);
        return Checked(() =>
        {
            var corpora = lowMemory ? CorpusReading.Twice(source) : Subspaces.Corpora(CorpusReading.Once(source));
            var fitted = Fitted(settings.Subspace, corpora, gradients);
            var rationale = settings.Objective.Rationale;
            var measures = everyStatistic
                ? EveryMeasure(fitted, settings)
                : new SubspaceMeasures(fitted, MeasuredVariancesModule.ofRationale(rationale), CorpusReading.Exact(zeros(1)));
            source.ForEach(batch => Measure(measures, batch));
            return Subspaces.Validate(measures.Finish());
        });
    }

    /// <summary>The subspace alone, without the variances and deviations that <see cref="Measured"/> adds: one reading.</summary>
    /// <param name="source">The trajectories; they are read once.</param>
    /// <param name="settings">Ranks, kind of subspace and standardisation.</param>
    /// <param name="gradients">Gradients of the same states, where the kind asks for them; null else.</param>
    /// <exception cref="InputException">The corpus is empty, not finite, or too small for the ranks.</exception>
    public static FittedSubspace Bases(ITrajectorySource source, LoRiSettings settings, ITrajectorySource? gradients = null)
    {
        ArgumentNullException.ThrowIfNull(settings);
        return Checked(() => Fitted(settings.Subspace, Subspaces.Corpora(CorpusReading.Once(source)), gradients));
    }

    /// <summary>A corpus's own spectra and those of one whose levels and components are independent, under every standardisation.</summary>
    /// <param name="source">The trajectories.</param>
    /// <exception cref="InputException">The corpus is empty or not finite.</exception>
    public static IReadOnlyList<(Standardisation Under, Spectrum Own, Spectrum Independent)> SpectraOf(ITrajectorySource source) =>
        Checked(() =>
        {
            var corpora = Subspaces.Corpora(CorpusReading.Once(source));
            return Spectra.Standardisations.Select(one =>
            {
                var (own, independent) = Subspaces.Spectra(new TorchSpectral(), corpora, one);
                return (one, own, independent);
            }).ToArray();
        });

    /// <summary>A subspace with what an objective needs of its corpus, taken from coordinates that were projected before.</summary>
    /// <param name="subspace">The subspace.</param>
    /// <param name="rationale">The forms and the weighting whose variances are kept.</param>
    /// <param name="read">Yields every batch once, each inside a dispose scope of its own.</param>
    public static MeasuredSubspace Measured(FittedSubspace subspace, RationaleOptions rationale, Action<Action<TargetBatch>> read)
    {
        ArgumentNullException.ThrowIfNull(read);
        return Checked(() =>
        {
            var measures = new SubspaceMeasures(subspace, MeasuredVariancesModule.ofRationale(rationale), CorpusReading.Exact(zeros(1)));
            read(batch => Measure(measures, batch));
            return Subspaces.Validate(measures.Finish());
        });
    }

    /// <summary>What every objective of a weighting needs to be measured.</summary>
    internal static SubspaceMeasures EveryMeasure(FittedSubspace fitted, LoRiSettings settings) => Subspaces.Measures(
        fitted, settings.Objective.Rationale.Weighting, CorpusReading.Exact(zeros(1)));

    private static FittedSubspace Fitted(SubspaceOptions options, StandardisedCorpora corpora, ITrajectorySource? gradients) =>
        gradients is not null && options.Kind.IsGradient
            ? Subspaces.Fit(new TorchSpectral(), options, corpora, CorpusReading.Once(gradients))
            : Subspaces.Fit(new TorchSpectral(), options, corpora);

    /// <summary>Work in a dispose scope of its own, whose errors of the core are those of the corpus.</summary>
    internal static T Checked<T>(Func<T> work)
    {
        using var scope = NewDisposeScope();
        try
        {
            return work();
        }
        catch (MathException error)
        {
            throw error.ToInput();
        }
    }

    private static void Measure(SubspaceMeasures measures, TargetBatch batch) => Subspaces.MeasureCoordinates(
        measures, CorpusReading.Exact(batch.Coordinates), batch.Lengths, CorpusReading.Exact(batch.Anchors));

    /// <summary>A batch of trajectories whose anchors are those of the examples that have any.</summary>
    internal static void Measure(SubspaceMeasures measures, TrajectoryBatch batch)
    {
        Subspaces.Measure(measures, CorpusReading.Exact(batch.Trajectories), batch.Lengths,
            CorpusReading.Exact(batch.Anchors.narrow(0, 0, 0)));
        Subspaces.MeasureAnchors(measures, CorpusReading.Exact(batch.Anchors));
    }
}
