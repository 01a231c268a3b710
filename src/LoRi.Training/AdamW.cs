using System.Runtime.InteropServices;
using LoRi.Models.Decoders;
using LoRi.Models.Tensors;
using LoRi.Training.Ranks;
using TorchSharp;
using static TorchSharp.torch;

namespace LoRi.Training;

/// <summary>
/// Decoupled AdamW (Loshchilov and Hutter 2019) over the flat buffers of a <see cref="ParameterSet"/>: bias-corrected, epsilon
/// outside the root, decay on the leading decayed part alone (or, as an option, on all), gradients clipped by one global norm before.
/// Ranks that share it have the moments of a share of the values each, update that share, and give each other what came of it.
/// </summary>
public sealed class AdamW : IDisposable
{
    private const double ClipEpsilon = 1e-6;

    /// <summary>Values that libtorch's operations, one after the other, find in the processor's cache.</summary>
    private const long CachedPiece = 1 << 18;

    /// <summary>Values of a fused update, which reads each once: enough for all threads.</summary>
    private const long FusedPiece = 1 << 22;

    private readonly ParameterSet parameters;
    private readonly OptimizerSettings settings;
    private readonly ICommunicator ranks;
    private readonly RankShare[] shares;

    /// <summary>Moments of zero for all parameters, or for this rank's share of them.</summary>
    /// <param name="parameters">What is trained.</param>
    /// <param name="settings">How.</param>
    /// <param name="ranks">The processes that share the update; null for this one alone.</param>
    public AdamW(ParameterSet parameters, OptimizerSettings settings, ICommunicator? ranks = null)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        (this.parameters, this.settings, this.ranks) = (parameters, settings, ranks ?? SingleProcess.Instance);
        var values = parameters.Values;
        shares = [.. Enumerable.Range(0, this.ranks.Size).Select(rank => new RankShare(rank, this.ranks.Size, values.numel()))];
        FirstMoment = zeros([Own.Count], values.dtype, values.device).DetachFromDisposeScope();
        SecondMoment = zeros_like(FirstMoment).DetachFromDisposeScope();
    }

    /// <summary>Running mean of the gradient, flat: of this rank's share of the values, one process alone has all.</summary>
    public Tensor FirstMoment { get; }

    /// <summary>Running mean of the squared gradient, likewise.</summary>
    public Tensor SecondMoment { get; }

    /// <summary>Updates made.</summary>
    public int Updates { get; set; }

    private RankShare Own => shares[ranks.Rank];

    /// <summary>
    /// Clips the gradients, makes one update and returns the gradient's norm before clipping. Of several ranks each needs the gradient
    /// of its share alone, and all have the same values afterwards.
    /// </summary>
    /// <param name="learningRate">The rate of this step.</param>
    /// <returns>The L2 norm over all gradients.</returns>
    public double Step(double learningRate)
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var norm = Norm();
        var clip = norm > settings.ClipNorm ? System.Math.Min(1, settings.ClipNorm / (norm + ClipEpsilon)) : 1;
        Updates++;
        var update = new MomentUpdate(settings, learningRate, clip, Updates);
        var piece = parameters.Values.device_type != DeviceType.CPU ? parameters.Values.numel()
            : VectorWork.Fits(parameters.Values) ? FusedPiece : CachedPiece;
        foreach (var (from, to, decay) in parameters.LearningRanges(settings.DecayAll))
        {
            foreach (var run in Own.Within(from, to))
            {
                for (var done = 0L; done < run.Count; done += piece)
                {
                    var count = System.Math.Min(piece, run.Count - done);
                    Update(run.From + done, run.Place + done, count, update with { Decay = decay ? settings.WeightDecay : 0 });
                }
            }
        }

        ranks.GatherShares(parameters.Values);
        return norm;
    }

    /// <summary>Reset: moments of zero, no update made.</summary>
    public void Reset()
    {
        using var guard = no_grad();
        FirstMoment.zero_();
        SecondMoment.zero_();
        Updates = 0;
    }

    /// <summary>
    /// A moment of all values, for a checkpoint; all ranks ask for it together. Where there are several it lies in the buffer of the
    /// gradients, which every step clears.
    /// </summary>
    /// <param name="moment">One of the two.</param>
    internal Tensor Whole(Tensor moment)
    {
        if (ranks.Size == 1)
        {
            return moment;
        }

        Own.Put(moment, parameters.Gradients);
        ranks.GatherShares(parameters.Gradients);
        return parameters.Gradients;
    }

    /// <summary>Fills a moment from that of all values, which <paramref name="read"/> puts into a tensor.</summary>
    internal void Fill(Tensor moment, Action<Tensor> read)
    {
        if (ranks.Size == 1)
        {
            read(moment);
            return;
        }

        read(parameters.Gradients);
        Own.Take(parameters.Gradients, moment);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        FirstMoment.Dispose();
        SecondMoment.Dispose();
    }

    /// <summary>The norm of the gradient, of which every rank knows its share: blocks are added in their order, whoever has them.</summary>
    private double Norm()
    {
        var own = Own.Runs.SelectMany(run => LongNorm.Blocks(parameters.Gradients.narrow(0, run.From, run.Count))).ToArray();
        if (ranks.Size == 1)
        {
            return LongNorm.OfBlocks(own);
        }

        var all = ranks.Gather(MemoryMarshal.AsBytes(own.AsSpan()));
        var blocks = new double[(parameters.Gradients.numel() + LongNorm.Block - 1) / LongNorm.Block];
        for (var rank = 0; rank < ranks.Size; rank++)
        {
            var told = MemoryMarshal.Cast<byte, double>(all[rank].AsSpan());
            foreach (var (from, count) in shares[rank].Runs)
            {
                var many = (int)((count + LongNorm.Block - 1) / LongNorm.Block);
                told[..many].CopyTo(blocks.AsSpan((int)(from / LongNorm.Block)));
                told = told[many..];
            }
        }

        return LongNorm.OfBlocks(blocks);
    }

    /// <summary>One run of values, by the fused update where it applies.</summary>
    private void Update(long start, long place, long count, in MomentUpdate update)
    {
        using var scope = NewDisposeScope();
        var (values, gradient) = (parameters.Values.narrow(0, start, count), parameters.Gradients.narrow(0, start, count));
        var (first, second) = (FirstMoment.narrow(0, place, count), SecondMoment.narrow(0, place, count));
        if (VectorWork.Fits(values))
        {
            update.Fused(values, gradient, first, second);
        }
        else
        {
            update.Plain(values, gradient, first, second);
        }
    }
}
