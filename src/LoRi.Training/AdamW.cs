using LoRi.Models.Decoders;
using LoRi.Models.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace LoRi.Training;

/// <summary>
/// Decoupled AdamW (Loshchilov and Hutter 2019) over the flat buffers of a <see cref="ParameterSet"/>: bias-corrected, epsilon
/// outside the root, decay on the leading decayed part alone (or, as an option, on all), gradients clipped by one global norm before.
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

    /// <summary>Moments of zero for all parameters.</summary>
    /// <param name="parameters">What is trained; its values and gradients are used in place.</param>
    /// <param name="settings">Rates, betas, decay and the norm that gradients are clipped to.</param>
    public AdamW(ParameterSet parameters, OptimizerSettings settings)
    {
        (this.parameters, this.settings) = (parameters, settings);
        FirstMoment = zeros_like(parameters.Values).DetachFromDisposeScope();
        SecondMoment = zeros_like(parameters.Values).DetachFromDisposeScope();
    }

    /// <summary>Running mean of the gradient, flat.</summary>
    public Tensor FirstMoment { get; }

    /// <summary>Running mean of the squared gradient, flat.</summary>
    public Tensor SecondMoment { get; }

    /// <summary>Updates made.</summary>
    public int Updates { get; set; }

    /// <summary>Clips the gradients, makes one update and returns the gradient's norm before clipping.</summary>
    /// <param name="learningRate">The rate of this step.</param>
    /// <returns>The L2 norm over all gradients.</returns>
    public double Step(double learningRate)
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var norm = LongNorm.Of(parameters.Gradients);
        var clip = norm > settings.ClipNorm ? System.Math.Min(1, settings.ClipNorm / (norm + ClipEpsilon)) : 1;
        Updates++;
        var update = new MomentUpdate(settings, learningRate, clip, Updates);
        var piece = parameters.Values.device_type != DeviceType.CPU ? parameters.Values.numel()
            : VectorWork.Fits(parameters.Values) ? FusedPiece : CachedPiece;
        foreach (var (from, to, decay) in parameters.LearningRanges(settings.DecayAll))
        {
            for (var start = from; start < to; start += piece)
            {
                Update(start, System.Math.Min(piece, to - start), update with { Decay = decay ? settings.WeightDecay : 0 });
            }
        }

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

    /// <inheritdoc/>
    public void Dispose()
    {
        FirstMoment.Dispose();
        SecondMoment.Dispose();
    }

    /// <summary>One run of values, by the fused update where it applies.</summary>
    private void Update(long start, long count, in MomentUpdate update)
    {
        using var scope = NewDisposeScope();
        var (values, gradient) = (parameters.Values.narrow(0, start, count), parameters.Gradients.narrow(0, start, count));
        var (first, second) = (FirstMoment.narrow(0, start, count), SecondMoment.narrow(0, start, count));
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
