using LoRi.Training.Models;
using LoRi.Training.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace LoRi.Training.Training;

/// <summary>
/// Decoupled AdamW (Loshchilov and Hutter 2019) over the flat buffers of a <see cref="ParameterSet"/>: bias-corrected, epsilon
/// outside the root, decay on the leading decayed part alone (or, as an option, on all), gradients clipped by one global norm before.
/// </summary>
public sealed class AdamW : IDisposable
{
    private const double ClipEpsilon = 1e-6;
    private readonly ParameterSet parameters;
    private readonly OptimizerSettings settings;

    /// <summary>Moments of zero for all parameters.</summary>
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
    public double Step(double learningRate)
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var gradient = parameters.Gradients;
        var norm = gradient.norm().to(ScalarType.Float64).item<double>();
        if (norm > settings.ClipNorm)
        {
            gradient.Multiply(System.Math.Min(1, settings.ClipNorm / (norm + ClipEpsilon)));
        }

        Updates++;
        FirstMoment.Multiply(settings.Beta1).IncreaseBy(gradient, 1 - settings.Beta1);
        SecondMoment.Multiply(settings.Beta2).IncreaseByProduct(gradient, gradient, 1 - settings.Beta2);
        if (settings.WeightDecay != 0)
        {
            var decayed = settings.DecayAll ? parameters.Values.numel() : parameters.DecayedCount;
            parameters.Values.narrow(0, 0, decayed).Multiply(1 - (learningRate * settings.WeightDecay));
        }

        var firstCorrection = 1 - System.Math.Pow(settings.Beta1, Updates);
        var secondCorrection = 1 - System.Math.Pow(settings.Beta2, Updates);
        var denominator = SecondMoment.sqrt().Divide(System.Math.Sqrt(secondCorrection)).Increase(settings.Epsilon);
        parameters.Values.IncreaseByQuotient(FirstMoment, denominator, -learningRate / firstCorrection);
        return norm;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        FirstMoment.Dispose();
        SecondMoment.Dispose();
    }
}
