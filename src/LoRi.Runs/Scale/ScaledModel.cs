using LoRi.Models.Decoders;
using LoRi.Runs.Plans;

namespace LoRi.Runs.Scale;

/// <summary>What a step's time and memory follow from, of a model.</summary>
/// <param name="Parameters">Its weights, P.</param>
/// <param name="Trained">Values that get gradients and moments, A: all weights, or those of adapters.</param>
/// <param name="Layers">Its blocks.</param>
/// <param name="HasAdapters">Whether adapters are trained and the weights are frozen.</param>
public sealed record ScaledModel(double Parameters, double Trained, int Layers, bool HasAdapters)
{
    /// <summary>
    /// Floating-point operations of the forward and backward passes of one token: 6 P, or with adapters 4 P (the frozen weights need
    /// no gradient) and 6 A.
    /// </summary>
    public double OperationsPerToken => HasAdapters ? (4 * Parameters) + (6 * Trained) : 6 * Parameters;

    /// <summary>Counts them.</summary>
    /// <param name="config">The model's shape.</param>
    /// <param name="rank">Rank of adapters on every linear map of the blocks; null where all weights are trained.</param>
    public static ScaledModel Of(DecoderConfig config, int? rank)
    {
        ArgumentNullException.ThrowIfNull(config);
        var all = new MemoryEstimate(config).Parameters;
        var trained = rank is int given ? MemoryEstimate.AdaptersOf(config, given) : all;
        return new(all, trained, config.Layers, HasAdapters: rank is not null);
    }
}
