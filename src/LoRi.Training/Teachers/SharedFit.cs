using System.Text.Json;
using LoRi.Math;
using LoRi.Math.Fluent;
using LoRi.Models.Tensors;
using LoRi.Training.Ranks;
using LoRi.Training.Trajectories;
using Microsoft.FSharp.Collections;
using static TorchSharp.torch;

namespace LoRi.Training.Teachers;

/// <summary>
/// A subspace that several ranks fit to files of trajectories. All of them read the files; the sums are dealt out so that each is added by
/// one rank in the order of one process, and the first rank finds what <see cref="TeacherFit.Fit"/> would, to the last bit.
/// </summary>
/// <param name="corpus">The corpus, the same on every rank.</param>
/// <param name="settings">The fit, and the weighting whose variances are kept.</param>
/// <param name="ranks">The ranks, all of which fit.</param>
public sealed class SharedFit(TrajectoryFiles corpus, LoRiSettings settings, ICommunicator ranks)
{
    /// <summary>The subspace with the variances of every statistic; on the first rank alone, null on the others.</summary>
    /// <param name="lowMemory">Read once more and keep no hidden Gram matrix per level.</param>
    /// <param name="gradients">The gradients of the answer's loss with respect to the corpus, where a subspace of them is fitted.</param>
    /// <exception cref="Files.InputException">The corpus is empty, not finite, or too small for the ranks of the subspace; or the processes
    /// have read different ones.</exception>
    public MeasuredSubspace? Run(bool lowMemory, TrajectoryFiles? gradients) => ranks.Size == 1
        ? TeacherFit.Fit(corpus, settings, lowMemory, everyStatistic: true, gradients)
        : TeacherFit.Checked(() =>
        {
            var corpora = lowMemory ? CorpusReading.Twice(corpus, ranks)
                : CorpusReading.Once(corpus, ranks) is { } statistics ? Subspaces.Corpora(statistics)
                : null;
            var sums = gradients is not null && settings.Subspace.Kind.IsGradient ? CorpusReading.Once(gradients, ranks) : null;
            var fitted = Told(corpora is null ? null : Fitted(corpora, sums));
            var measures = TeacherFit.EveryMeasure(fitted, settings);
            if (settings.Subspace.Kind.IsIdentity || settings.Subspace.Kind.IsComplement)
            {
                // Their coordinates are as many as the states' components: nothing would be saved.
                MeasureAlone(measures);
            }
            else
            {
                MeasureTogether(measures, new BoundSubspace(fitted, CorpusReading.Exact(zeros(1))));
            }

            return ranks.IsFirst ? Subspaces.Validate(measures.Finish()) : null;
        });

    private FittedSubspace Fitted(StandardisedCorpora corpora, CorpusStatistics? gradients) => gradients is null
        ? Subspaces.Fit(new TorchSpectral(), settings.Subspace, corpora)
        : Subspaces.Fit(new TorchSpectral(), settings.Subspace, corpora, gradients);

    /// <summary>What the first rank has fitted, on every rank; the others', which only project, has no spectra.</summary>
    private FittedSubspace Told(FittedSubspace? fitted)
    {
        ranks.Wait();
        var said = Agreement.FromFirst(
            ranks, fitted is null ? string.Empty : JsonSerializer.Serialize(new Sizes(fitted.LayerRank, fitted.HiddenRank)));
        var sizes = JsonSerializer.Deserialize<Sizes>(said)!;
        var (levels, width) = (corpus.Levels, corpus.Width);
        double[] All(int count, Func<FittedSubspace, double[]> part) => Told(count, fitted is null ? null : part(fitted));
        var layer = All(levels * sizes.Layer, one => Matrices.Values(one.LayerBasis));
        var hidden = All(width * sizes.Hidden, one => Matrices.Values(one.HiddenBasis));
        var mean = All(levels * width, one => Matrices.Values(one.Mean));
        var rms = All(levels, one => one.Rms);
        return fitted ?? new FittedSubspace(
            settings.Subspace.Kind, settings.Subspace.Standardisation, Subspaces.Basis<Level>(levels, sizes.Layer, layer),
            Subspaces.Basis<Hidden>(width, sizes.Hidden, hidden), Subspaces.PerLevel(levels, width, mean), rms,
            MapModule.Empty<Standardisation, Spectrum>(), 0, 0, 0);
    }

    private double[] Told(int count, double[]? known)
    {
        using var flat = known is null ? empty(count, ScalarType.Float64) : tensor(known, ScalarType.Float64);
        if (!ranks.IsFirst)
        {
            ranks.Receive(flat, 0);
        }

        for (var rank = 1; rank < ranks.Size && ranks.IsFirst; rank++)
        {
            ranks.Send(flat, rank);
        }

        return known ?? flat.data<double>().ToArray();
    }

    private void MeasureAlone(SubspaceMeasures measures)
    {
        if (ranks.IsFirst)
        {
            corpus.ForEach(batch => TeacherFit.Measure(measures, batch));
        }

        ranks.Wait();
    }

    /// <summary>Each rank projects every n-th batch; the first one takes the coordinates in the order of the batches.</summary>
    private void MeasureTogether(SubspaceMeasures measures, BoundSubspace bound)
    {
        foreach (var round in corpus.Batches().Chunk(ranks.Size))
        {
            using var scope = NewDisposeScope();
            var own = ranks.Rank < round.Length ? Projected(round[ranks.Rank], measures.ExamplesAtOnce, bound) : null;
            if (ranks.IsFirst)
            {
                Tensor[] others = [.. round.Skip(1).Select((rows, number) => Received(rows, bound.Subspace, number + 1))];
                foreach (var (rows, coordinates) in round.Zip([own!, .. others]))
                {
                    Measure(measures, rows, coordinates);
                }
            }
            else if (own is not null)
            {
                ranks.Send(own.view(-1), 0);
            }
        }
    }

    /// <summary>Coordinates [B, r_L, T, r_d] of some examples, so many at a time.</summary>
    private Tensor Projected(int[] rows, int atOnce, BoundSubspace bound)
    {
        using var scope = NewDisposeScope();
        var states = corpus.Trajectories(rows);
        var project = LoRiTeacher.Projecting(bound, states);
        Tensor[] parts = [.. Enumerable.Range(0, rows.Length).Chunk(atOnce)
            .Select(part => project(states.narrow(0, part[0], part.Length)))];
        return cat(parts).contiguous().MoveToOuterDisposeScope();
    }

    private Tensor Received(int[] rows, FittedSubspace subspace, int rank)
    {
        var longest = System.Math.Max(1, corpus.Lengths(rows).Max());
        var coordinates = empty([rows.Length, subspace.LayerRank, longest, subspace.HiddenRank], ScalarType.Float64);
        ranks.Receive(coordinates.view(-1), rank);
        return coordinates;
    }

    private void Measure(SubspaceMeasures measures, int[] rows, Tensor coordinates)
    {
        using var scope = NewDisposeScope();
        var anchors = corpus.Anchors(corpus.WithAnchor(rows));
        var none = new TorchTensor(anchors.narrow(0, 0, 0));
        Subspaces.MeasureCoordinates(measures, new TorchTensor(coordinates), corpus.Lengths(rows), none);
        Subspaces.MeasureAnchors(measures, new TorchTensor(anchors));
    }

    private sealed record Sizes(int Layer, int Hidden);
}
