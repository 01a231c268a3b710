using System.Numerics;
using LoRi.Models.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace LoRi.Models.Decoders;

/// <summary>
/// The passes of a micro-batch through decoders whose way back is written out, in their order. Autograd differentiates what lies between
/// and after them: each pass's results are leaves to it. Backwards, a pass's turn comes when those after it have had theirs, and what it
/// finds for its input is taken on by autograd, to the passes before it. Decoders that autograd differentiates as a whole are what it must
/// agree with.
/// </summary>
/// <param name="recomputes">Whether blocks keep their inputs alone, and compute the rest anew on the way back.</param>
internal sealed class PassTape(bool recomputes) : IDisposable
{
    /// <summary>Positions of the longest sequence: longer ones are libtorch's fused attention's, which is faster there.</summary>
    private const int MostPositions = 256;

    private readonly List<TapedPass> passes = [];
    private readonly List<TapedKeys> chains = [];
    private readonly List<Tensor> held = [];

    /// <summary>Whether there are passes whose way back is to be gone.</summary>
    public bool IsEmpty => passes.Count == 0;

    /// <summary>Runs a pass and keeps it; null where autograd differentiates it as a whole.</summary>
    /// <param name="decoder">The decoder.</param>
    /// <param name="weights">Its weights.</param>
    /// <param name="inputs">Input embeddings, [B, T, d].</param>
    /// <param name="positions">Where they stand.</param>
    /// <param name="past">Keys and values of the positions before.</param>
    /// <param name="levels">Whether all levels are kept.</param>
    public DecoderPass? Run(
        Decoder decoder, DecoderWeights weights, Tensor inputs, PassPositions positions, KeyValueCache? past, bool levels)
    {
        var config = decoder.Config;
        var shape = new HeadShape(
            (int)inputs.shape[0], (int)inputs.shape[1], past is null ? 0 : (int)past.Length, config.QueryHeads, config.KeyValueHeads,
            config.HeadSize);
        if (!is_grad_enabled() || (past is not null && past.Taped?.Filled != shape.Past))
        {
            return null;
        }

        var isWrittenOut = Fits(config, inputs, shape) && Fits(weights);
        if (!isWrittenOut && !recomputes)
        {
            return null;
        }

        var keys = past?.Taped ?? Begun(config.Layers);
        keys.Extend(shape, inputs);
        passes.Add(new TapedPass(
            Decoder.Placed(weights, inputs, positions),
            isWrittenOut
                ? WrittenOut(decoder, weights, positions, shape, keys)
                : Recomputed(decoder, weights, inputs, positions, shape, keys),
            new KeyValueCache(keys, shape.Seen)));
        return passes[^1].Forward(levels);
    }

    /// <summary>Goes back through all passes; call it once, after autograd's backward pass, whose graph must have been kept.</summary>
    public void Backward()
    {
        for (var pass = passes.Count - 1; pass >= 0; pass--)
        {
            passes[pass].Backward();
            passes[pass].Dispose();
        }

        passes.Clear();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var pass in passes)
        {
            pass.Dispose();
        }

        foreach (var chain in chains)
        {
            chain.Dispose();
        }

        held.ForEach(tensor => tensor.Dispose());
    }

    private TapedKeys Begun(int layers)
    {
        chains.Add(new TapedKeys(layers));
        return chains[^1];
    }

    private ITapedStep[] WrittenOut(Decoder decoder, DecoderWeights weights, PassPositions positions, HeadShape shape, TapedKeys keys)
    {
        var place = new TapedPlace(
            shape, Held(decoder.AnglesOf(positions)!), positions.Visible is null ? null : Held(positions.Visible), keys,
            decoder.Config.NormEpsilon, recomputes);
        return weights.Embedding.dtype == ScalarType.Float64 ? Steps<double>(weights, place) : Steps<float>(weights, place);
    }

    private static ITapedStep[] Steps<T>(DecoderWeights weights, TapedPlace place)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        [.. weights.Blocks.Select((block, layer) => new TapedBlock<T>(block, place, layer)),
            new TapedNorm<T>(weights.FinalNorm.Weight, place.Epsilon)];

    private ITapedStep[] Recomputed(
        Decoder decoder, DecoderWeights weights, Tensor inputs, PassPositions positions, HeadShape shape, TapedKeys keys)
    {
        var (angles, whole, windowed) = decoder.PlaceOf(positions, inputs, shape.Past);
        var place = new RecomputedPlace(shape, angles is null ? null : Held(angles), Held(whole), Held(windowed), keys);
        return [.. weights.Blocks.Select((block, layer) => new RecomputedBlock(decoder, block, place, layer)),
            new RecomputedNorm(decoder, weights.FinalNorm)];
    }

    private Angles Held(Angles angles) => new(Held(angles.Cosine), Held(angles.Sine));

    private AttentionMask Held(AttentionMask mask) => new(mask.Tensor is null ? null : Held(mask.Tensor), mask.Causal);

    private Tensor Held(Tensor tensor)
    {
        held.Add(tensor.contiguous().alias().DetachFromDisposeScope());
        return held[^1];
    }

    private static bool Fits(DecoderConfig config, Tensor inputs, HeadShape shape) =>
        VectorWork.VectorBits > 0 && inputs.device_type == DeviceType.CPU && inputs.dtype is ScalarType.Float32 or ScalarType.Float64
        && config is { LearnedPositions: false, GatedFeedForward: true, HeadNorms: false, CenteredNorms: false }
        && (config.SlidingWindow is not int window || window >= shape.Seen)
        && shape.Seen <= MostPositions && BytesOfLargest(config, inputs) <= int.MaxValue;

    /// <summary>Of the largest tensor that the loops read: the images of gate and up, or of queries, keys and values.</summary>
    private static long BytesOfLargest(DecoderConfig config, Tensor inputs) =>
        inputs.shape[0] * inputs.shape[1] * inputs.element_size()
        * System.Math.Max(2L * config.IntermediateSize, (config.QueryHeads + (2L * config.KeyValueHeads)) * config.HeadSize);

    private static bool Fits(DecoderWeights weights) => TapedBlock.HasGradient(weights.FinalNorm.Weight) && weights.Blocks.All(block =>
        TapedMap.Fits(block.QueryKeyValue) && TapedMap.Fits(block.Output) && TapedMap.Fits(block.Up) && TapedMap.Fits(block.Down)
        && TapedBlock.HasGradient(block.AttentionNorm.Weight) && TapedBlock.HasGradient(block.FeedForwardNorm.Weight));
}
