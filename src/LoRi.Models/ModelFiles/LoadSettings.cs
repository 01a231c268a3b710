using LoRi.Models.Decoders;
using static TorchSharp.torch;

namespace LoRi.Models.ModelFiles;

/// <summary>Where and in which types a model is loaded.</summary>
/// <param name="Precision">Types of weights and arithmetic.</param>
/// <param name="Device">Where it lives.</param>
public sealed record LoadSettings(Precision Precision, Device Device)
{
    /// <summary>Whether what was trained beside a model, and kept for looking into it, is loaded as well.</summary>
    public bool WithKept { get; init; }

    /// <summary>
    /// How matrices lie in memory where arithmetic is float32 on the CPU. Models are trained, written and adapted from
    /// <see cref="WeightStorage.Widened"/> ones alone; with an adapter matrices are widened in any case.
    /// </summary>
    public WeightStorage Storage { get; init; } = WeightStorage.Widened;

    /// <summary>On the CPU.</summary>
    /// <param name="precision">The types of weights and of arithmetic.</param>
    public static LoadSettings OnCpu(Precision precision) => new(precision, CPU);
}

/// <summary>What a student needs beyond its start weights.</summary>
/// <param name="Projection">Kind of the feedback projection.</param>
/// <param name="ProjectionWidth">Inner width of the mlp; left out, the hidden size.</param>
/// <param name="Bot">Id of <c>&lt;bot&gt;</c>; rows are appended to the table where it lacks them. Null where there are no markers.</param>
/// <param name="Eot">Id of <c>&lt;eot&gt;</c>; null where there are no markers.</param>
public sealed record StudentParts(ProjectionKind Projection, int? ProjectionWidth, int? Bot, int? Eot)
{
    /// <summary>Id of <c>&lt;latent&gt;</c>; null where there is none.</summary>
    public int? Latent { get; init; }

    /// <summary>Whether the rows of padding and of the end of sequence are trained beside adapters, as those of the markers are.</summary>
    public bool WithEnds { get; init; }

    /// <summary>What becomes of all these rows where adapters are trained.</summary>
    public TokenTraining Tokens { get; init; } = new();

    /// <summary>What is trained beside the decoder and its projection, from the shape without the rows of markers.</summary>
    public Func<DecoderConfig, IReadOnlyList<ModelModule>> Modules { get; init; } = _ => [];
}
