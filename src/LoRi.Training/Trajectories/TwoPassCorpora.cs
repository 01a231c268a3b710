using LoRi.Math;
using LoRi.Training.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace LoRi.Training.Trajectories;

/// <summary>
/// The Gram matrices of a corpus under the three standardisations in two readings: the first gives every level's mean and
/// scale, the second the sums. Memory O(L^2 + L d + d^2), against O(L^2 + L d^2) of a single reading.
/// </summary>
public static class TwoPassCorpora
{
    /// <summary>Reads a corpus twice; sums are in float64.</summary>
    /// <exception cref="InputException">The corpus has no rationale token.</exception>
    public static StandardisedCorpora Read(ITrajectorySource source)
    {
        ArgumentNullException.ThrowIfNull(source);
        using var sums = LevelSums.Read(source);
        if (sums.Tokens == 0)
        {
            throw new InputException(MathErrorModule.describe(MathError.EmptyCorpus));
        }

        Accumulator[] all = [
            new(Standardisation.Full, sums.Mean(), sums.RmsAround(sums.Mean())),
            new(Standardisation.Scale, zeros_like(sums.Mean()), sums.RmsAround(zeros_like(sums.Mean()))),
            new(Standardisation.Off, zeros_like(sums.Mean()), ones([sums.Shift.shape[0]], ScalarType.Float64))];
        source.ForEach(batch =>
        {
            foreach (var one in all)
            {
                one.Add(batch);
            }
        });
        return new StandardisedCorpora(all[0].Result(), all[1].Result(), all[2].Result(), sums.Examples, sums.Tokens);
    }

    /// <summary>1 for real tokens and 0 for padding, [B, 1, T, 1].</summary>
    private static Tensor Mask(TrajectoryBatch batch)
    {
        using var positions = arange(batch.Trajectories.shape[2]);
        using var lengths = tensor(batch.Lengths.Select(length => (long)length).ToArray()).unsqueeze(1);
        return (positions < lengths).to(ScalarType.Float64).to(batch.Trajectories.device).unsqueeze(1).unsqueeze(-1);
    }

    /// <summary>Sums of states and of their squares, level by level, around the mean of the first batch.</summary>
    private sealed class LevelSums : IDisposable
    {
        private readonly Tensor sum;
        private readonly Tensor squares;

        private LevelSums(Tensor shift)
        {
            Shift = shift;
            sum = zeros_like(shift);
            squares = zeros([shift.shape[0]], ScalarType.Float64, shift.device);
        }

        internal Tensor Shift { get; }

        internal long Tokens { get; private set; }

        internal int Examples { get; private set; }

        internal static LevelSums Read(ITrajectorySource source)
        {
            LevelSums? sums = null;
            source.ForEach(batch =>
            {
                var states = batch.Trajectories.to(ScalarType.Float64);
                var mask = Mask(batch);
                sums ??= Start(states, mask);
                var centred = (states - sums.Shift.unsqueeze(1)) * mask;
                sums.sum.add_(centred.sum([0L, 2L]));
                sums.squares.add_((centred * centred).sum([0L, 2L, 3L]));
                sums.Tokens += batch.Lengths.Sum(length => (long)length);
                sums.Examples += batch.Lengths.Count(length => length > 0);
            });
            return sums ?? throw new InputException("there is no example to fit a subspace to");
        }

        public void Dispose()
        {
            sum.Dispose();
            squares.Dispose();
        }

        internal Tensor Mean() => Shift + (sum / Tokens);

        /// <summary>The level's root mean square of x - c: with y = x - shift and e = shift - c, sum (y + e)^2 = sum y^2 + 2 e s + n e^2.</summary>
        internal Tensor RmsAround(Tensor centre)
        {
            var e = Shift - centre;
            var around = squares + (2 * (e * sum).sum(1)) + (Tokens * (e * e).sum(1));
            var rms = (around / ((double)Tokens * Shift.shape[1])).sqrt();

            // A level that never moves has no scale: it stays as it is.
            return rms.where(rms > 0, ones_like(rms));
        }

        private static LevelSums Start(Tensor states, Tensor mask)
        {
            var count = System.Math.Max(1.0, mask.sum().item<double>());
            var sums = new LevelSums((states * mask).sum([0L, 2L]) / count);
            sums.Shift.MoveToOuterDisposeScope();
            sums.sum.MoveToOuterDisposeScope();
            sums.squares.MoveToOuterDisposeScope();
            return sums;
        }
    }

    /// <summary>The Gram matrices under one standardisation.</summary>
    private sealed class Accumulator(Standardisation standardisation, Tensor mean, Tensor rms)
    {
        private readonly Tensor layer = zeros([mean.shape[0], mean.shape[0]], ScalarType.Float64, mean.device);
        private readonly Tensor hidden = zeros([mean.shape[1], mean.shape[1]], ScalarType.Float64, mean.device);

        internal void Add(TrajectoryBatch batch)
        {
            var states = batch.Trajectories.to(ScalarType.Float64);
            var x = (states - mean.unsqueeze(1)) / rms.unsqueeze(-1).unsqueeze(-1) * Mask(batch);
            var byLevel = x.transpose(0, 1).reshape(mean.shape[0], -1);
            layer.add_(byLevel.matmul(byLevel.t()));
            var byComponent = x.reshape(-1, mean.shape[1]);
            hidden.add_(byComponent.t().matmul(byComponent));
        }

        internal StandardisedCorpus Result() => new(
            standardisation,
            new TorchTensor(mean).ToArray(),
            new TorchTensor(rms).ToArray(),
            new TorchTensor(layer),
            new TorchTensor(hidden),
            layer.trace().item<double>());
    }
}
