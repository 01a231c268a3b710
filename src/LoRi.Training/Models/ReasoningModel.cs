using TorchSharp;
using static TorchSharp.torch;

namespace LoRi.Training.Models;

/// <summary>The ids that mark the parts of a sequence.</summary>
/// <param name="Bot">Begin of the latent steps.</param>
/// <param name="Eot">End of the latent steps.</param>
/// <param name="Eos">End of the sequence.</param>
public sealed record SpecialIds(int Bot, int Eot, int Eos);

/// <summary>
/// A decoder with its weights, the two rows that mark latent steps and the feedback projection. The rows of
/// <c>&lt;bot&gt;</c> and <c>&lt;eot&gt;</c> are part of the embedding table (appended where the checkpoint lacks them).
/// </summary>
public sealed class ReasoningModel : IDisposable
{
    /// <summary>Allocates a model; weights are zero until loaded or initialised.</summary>
    /// <param name="config">The checkpoint's shape, without extra rows.</param>
    /// <param name="extraRows">Rows to append to the embedding table.</param>
    /// <param name="special">The ids of the special tokens.</param>
    /// <param name="projection">The feedback projection.</param>
    /// <param name="precision">Types of the master weights and of computation.</param>
    /// <param name="device">Where everything lives.</param>
    public ReasoningModel(
        DecoderConfig config, int extraRows, SpecialIds special, FeedbackProjection projection, Precision precision, Device device)
    {
        (Config, ExtraRows, Special, Projection, Precision, Device) = (config, extraRows, special, projection, precision, device);
        Parameters = new ParameterSet([.. DecoderLayout.Slots(config, extraRows), .. projection.Slots(config.HiddenSize)], precision.Master, device);
        Decoder = new Decoder(config, precision.Compute, device);
    }

    /// <summary>The checkpoint's shape; its vocabulary size does not count the extra rows.</summary>
    public DecoderConfig Config { get; }

    /// <summary>Rows appended to the embedding table.</summary>
    public int ExtraRows { get; }

    /// <summary>The special tokens.</summary>
    public SpecialIds Special { get; }

    /// <summary>The feedback projection.</summary>
    public FeedbackProjection Projection { get; }

    /// <summary>Types of the master weights and of computation.</summary>
    public Precision Precision { get; }

    /// <summary>Where everything lives.</summary>
    public Device Device { get; }

    /// <summary>All trained values.</summary>
    public ParameterSet Parameters { get; }

    /// <summary>The decoder.</summary>
    public Decoder Decoder { get; }

    /// <summary>The weights as passes read them; make one per step.</summary>
    public DecoderWeights Weights() => DecoderWeights.From(Config, Parameters, Precision.Compute);

    /// <summary>The next latent input for final states [B, d].</summary>
    public Tensor Feedback(Tensor states) => Projection.Apply(Parameters, states);

    /// <inheritdoc/>
    public void Dispose()
    {
        Parameters.Dispose();
        Decoder.Dispose();
    }
}

/// <summary>Number types of a model.</summary>
/// <param name="Master">Type of the weights that the optimizer updates.</param>
/// <param name="Compute">Type of activations.</param>
public sealed record Precision(ScalarType Master, ScalarType Compute)
{
    /// <summary>float32 throughout.</summary>
    public static Precision Full { get; } = new(ScalarType.Float32, ScalarType.Float32);

    /// <summary>float64 throughout, for comparisons.</summary>
    public static Precision Exact { get; } = new(ScalarType.Float64, ScalarType.Float64);

    /// <summary>float32 master weights, bfloat16 activations.</summary>
    public static Precision Mixed { get; } = new(ScalarType.Float32, ScalarType.BFloat16);
}
