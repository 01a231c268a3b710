using LoRi.Models.Native;
using LoRi.Models.Reasoning;
using LoRi.Runs.Settings;

namespace LoRi.Runs.Answers;

/// <summary>How a model is asked.</summary>
public sealed record AnsweringOptions
{
    /// <summary>The model.</summary>
    public required string Model { get; init; }

    /// <summary>A tokenizer to use instead of the model's own.</summary>
    public string? Tokenizer { get; init; }

    /// <summary>The folder of an adapter to merge in.</summary>
    public string? Adapter { get; init; }

    /// <summary>Whether questions go through the model's chat template, with what was said before.</summary>
    public bool Chat { get; init; }

    /// <summary>Where questions come from, for the messages about them.</summary>
    public string Asked { get; init; } = "--prompt";

    /// <summary>Latent steps; null for the run's own.</summary>
    public int? LatentSteps { get; init; }

    /// <summary>Most tokens to write.</summary>
    public int MaxNewTokens { get; init; } = 256;

    /// <summary>How tokens are drawn; null for the likeliest one every time.</summary>
    public SamplingSettings? Sampling { get; init; }

    /// <summary>Whether the auxiliary decoder beside the model says what its latent steps stand for.</summary>
    public bool Explain { get; init; }

    /// <summary>Type of weights and arithmetic.</summary>
    public DtypeOption Dtype { get; init; } = DtypeOption.F32;

    /// <summary>How matrices of weights lie in memory.</summary>
    public WeightsOption Weights { get; init; } = WeightsOption.AsStored;

    /// <summary>Where.</summary>
    public DeviceOption Device { get; init; } = DeviceOption.Cpu;

    /// <summary>Which libtorch is loaded, and its threads; the defaults where null.</summary>
    public NativeRuntimeOptions? Native { get; init; }
}
