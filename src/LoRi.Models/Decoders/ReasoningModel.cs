using LoRi.Models.Tensors;
using static TorchSharp.torch;

namespace LoRi.Models.Decoders;

/// <summary>The ids that mark the parts of a sequence.</summary>
/// <param name="Bot">Begin of the latent steps.</param>
/// <param name="Eot">End of the latent steps.</param>
/// <param name="Eos">End of the sequence.</param>
public sealed record SpecialIds(int Bot, int Eot, int Eos)
{
    /// <summary>The input of a latent step before its first sweep; null where every step has an input of its own.</summary>
    public int? Latent { get; init; }

    /// <summary>The ids that a base model has no rows for.</summary>
    public IReadOnlyList<int> Markers => Latent is { } latent ? [Bot, Eot, latent] : [Bot, Eot];
}

/// <summary>
/// A decoder with its weights, the two rows that mark latent steps and the feedback projection. The rows of
/// <c>&lt;bot&gt;</c> and <c>&lt;eot&gt;</c> are part of the embedding table (appended where the checkpoint lacks them).
/// </summary>
public sealed class ReasoningModel : IDisposable
{
    private SeededDropout? dropout;

    /// <summary>Allocates a model; weights are zero until loaded or initialised.</summary>
    /// <param name="config">The checkpoint's shape, without extra rows.</param>
    /// <param name="extraRows">Rows to append to the embedding table.</param>
    /// <param name="special">The ids of the special tokens.</param>
    /// <param name="projection">The feedback projection.</param>
    /// <param name="precision">Types of the master weights and of computation.</param>
    /// <param name="device">Where everything lives.</param>
    /// <param name="adapters">Adapters to attach; where there are any, the base is frozen.</param>
    /// <param name="filled">Names of weights that the caller fills at once and that need not be zeroed.</param>
    /// <param name="modules">What is trained beside the decoder and its projection.</param>
    public ReasoningModel(
        DecoderConfig config,
        int extraRows,
        SpecialIds special,
        FeedbackProjection projection,
        Precision precision,
        Device device,
        AdapterPlan? adapters = null,
        IReadOnlySet<string>? filled = null,
        IReadOnlyList<ModelModule>? modules = null)
        : this(config, extraRows, special, projection, precision, device, adapters, filled, modules,
            new Dictionary<string, StoredMatrix>())
    {
    }

    /// <summary>The same with matrices that stay as they are stored, by slot; such a model is asked, not trained.</summary>
    internal ReasoningModel(
        DecoderConfig config,
        int extraRows,
        SpecialIds special,
        FeedbackProjection projection,
        Precision precision,
        Device device,
        AdapterPlan? adapters,
        IReadOnlySet<string>? filled,
        IReadOnlyList<ModelModule>? modules,
        IReadOnlyDictionary<string, StoredMatrix> stored)
    {
        (Config, ExtraRows, Special, Projection, Precision, Device) = (config, extraRows, special, projection, precision, device);
        Adapters = adapters;
        Modules = modules ?? [];
        ParameterSlot[] basis = [.. DecoderLayout.Slots(config, extraRows).Select(slot => slot with { Trained = adapters is null })];
        BaseNames = [.. basis.SelectMany(slot => slot.Parts).Select(part => part.Name)];
        Parameters =
            new ParameterSet(
                [.. basis, .. projection.Slots(config.HiddenSize), .. adapters?.Slots(config) ?? [],
                    .. Modules.SelectMany(module => module.Slots)], precision.Master, device, filled, stored);
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

    /// <summary>What was assumed or left out when it was loaded, for the user to read.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>All weights: those of the decoder, the projection and the adapters.</summary>
    public ParameterSet Parameters { get; }

    /// <summary>What is trained beside the decoder and its projection.</summary>
    public IReadOnlyList<ModelModule> Modules { get; }

    /// <summary>The weights of a decoder among its modules; make them once per step.</summary>
    /// <param name="module">The name of a module; the decoder itself has the empty one.</param>
    public DecoderWeights WeightsOf(string module) => DecoderWeights.From(Config, Parameters, Precision.Compute, module, Deferred);

    /// <summary>Takes the gradients of the decoder's matrices while it is open; null for autograd alone.</summary>
    internal DeferredGradients? Deferred { get; set; }

    /// <summary>Matrices with the adapters merged into them, while it is open; null where adapters are added to images.</summary>
    internal MergedAdapters? Merged { get; set; }

    /// <summary>A weight of a module in the compute type.</summary>
    internal Tensor Weight(string slot)
    {
        var weight = Parameters[slot];
        return weight.dtype == Precision.Compute ? weight : weight.to(Precision.Compute);
    }

    /// <summary>The names that a checkpoint gives the decoder's weights.</summary>
    public IReadOnlyList<string> BaseNames { get; }

    /// <summary>The adapters that a pass adds to the linear maps; null where there are none, or they are merged.</summary>
    public AdapterPlan? Adapters { get; internal set; }

    /// <summary>The decoder.</summary>
    public Decoder Decoder { get; }

    /// <summary>The weights as passes read them; make one per step.</summary>
    public DecoderWeights Weights()
    {
        var weights = DecoderWeights.From(Config, Parameters, Precision.Compute, null, Deferred);
        return Adapters is null ? weights : AttachedAdapters.To(weights, this, dropout);
    }

    /// <summary>
    /// Adapters drop inputs until the result is disposed of, by masks that follow from the seed and the numbers of the step and of its
    /// micro-batch; nothing happens where there are no adapters, or theirs drop nothing.
    /// </summary>
    /// <param name="seed">The run's seed.</param>
    /// <param name="step">The step, counted from 0.</param>
    /// <param name="microBatch">The part of the step, counted from 0.</param>
    /// <returns>What ends the dropout when it is disposed of.</returns>
    public IDisposable BeginDropout(long seed, int step, int microBatch)
    {
        if (Adapters is { Config.Dropout: > 0 and var rate })
        {
            dropout = new SeededDropout(rate, seed, step, microBatch, Device);
        }

        return new DropoutEnd(this);
    }

    /// <summary>The next latent input for final states [B, d].</summary>
    /// <param name="states">Final states at the last position of each row.</param>
    public Tensor Feedback(Tensor states) => Projection.Apply(Parameters, states);

    /// <inheritdoc/>
    public void Dispose()
    {
        Parameters.Dispose();
        Decoder.Dispose();
    }

    private sealed class DropoutEnd(ReasoningModel model) : IDisposable
    {
        public void Dispose()
        {
            model.dropout?.Dispose();
            model.dropout = null;
        }
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
