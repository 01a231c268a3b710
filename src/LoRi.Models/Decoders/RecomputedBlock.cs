using LoRi.Models.Tensors;
using static TorchSharp.torch;

namespace LoRi.Models.Decoders;

/// <summary>Where a pass stands whose blocks are computed again.</summary>
/// <param name="Shape">The heads.</param>
/// <param name="Angles">Angles of the new positions; null where positions are learned.</param>
/// <param name="Whole">What queries see.</param>
/// <param name="Windowed">The same in blocks with a window.</param>
/// <param name="Keys">Keys and values of the chain.</param>
internal sealed record RecomputedPlace(HeadShape Shape, Angles? Angles, AttentionMask Whole, AttentionMask Windowed, TapedKeys Keys);

/// <summary>
/// A block of any family that keeps its input alone [Chen et al. 2016]: on the way back it is computed again, and autograd differentiates
/// it by itself. Masks of dropout are those of the first time.
/// </summary>
/// <param name="decoder">The decoder.</param>
/// <param name="weights">The block's weights.</param>
/// <param name="place">Where the pass stands.</param>
/// <param name="layer">The block's number.</param>
internal sealed class RecomputedBlock(Decoder decoder, BlockWeights weights, RecomputedPlace place, int layer) : ITapedStep
{
    private readonly SeededDropout? dropout = Maps(weights).Select(map => map.Adapter?.Dropout).FirstOrDefault(one => one is not null);
    private Tensor? input;
    private ulong drawn;

    /// <inheritdoc/>
    public ResidualStream Forward(ResidualStream stream)
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        input = stream.Added.alias().DetachFromDisposeScope();
        drawn = dropout?.Drawn ?? 0;
        var (all, values) = place.Keys.Of(layer);
        var (next, newKeys, newValues) = Run(input, Before(all), Before(values));
        Own(all).copy_(newKeys);
        Own(values).copy_(newValues);
        return new(next.MoveToOuterDisposeScope());
    }

    /// <inheritdoc/>
    public Tensor Backward(Tensor slopes)
    {
        using var scope = NewDisposeScope();
        using var guard = enable_grad();
        if (dropout is not null)
        {
            dropout.Drawn = drawn;
        }

        var (all, values) = place.Keys.Of(layer);
        var (keySlopes, valueSlopes) = place.Keys.SlopesOf(layer, place.Shape);
        var (x, keysBefore, valuesBefore) = (Leaf(input!)!, Leaf(Before(all)), Leaf(Before(values)));
        var before = Gradients().Select(gradient => (gradient, gradient.Uses)).ToArray();
        var (next, newKeys, newValues) = Run(x, keysBefore, valuesBefore);
        autograd.backward([next, newKeys, newValues], [slopes, Own(keySlopes), Own(valueSlopes)], retain_graph: true);
        using (no_grad())
        {
            Add(keySlopes, keysBefore);
            Add(valueSlopes, valuesBefore);
            foreach (var (gradient, uses) in before)
            {
                gradient.AddFrom(uses);
            }
        }

        return x.grad!.MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose() => input?.Dispose();

    private static IEnumerable<LinearMap> Maps(BlockWeights weights) =>
        [weights.QueryKeyValue, weights.Output, weights.Up, weights.Down];

    /// <summary>What takes gradients in place of autograd.</summary>
    private IEnumerable<MapGradient> Gradients() => Maps(weights)
        .SelectMany(map => new[] { map.Deferred, map.Adapter?.Deferred }.Concat(map.Adapter?.Parts.Select(part => part.Deferred) ?? []))
        .OfType<DeferredMatrix>().Select(deferred => deferred.Gradient);

    /// <summary>The same memory, with a gradient of its own: no operation of a block writes to what it reads.</summary>
    private static Tensor? Leaf(Tensor? values) => values?.detach().requires_grad_();

    private Tensor? Before(Tensor all) => place.Shape.Past == 0 ? null : all.narrow(2, 0, place.Shape.Past);

    private Tensor Own(Tensor all) => all.narrow(2, place.Shape.Past, place.Shape.Time);

    private void Add(Tensor slopes, Tensor? leaf)
    {
        if (leaf?.grad is { } found)
        {
            Before(slopes)!.IncreaseBy(found, 1);
        }
    }

    /// <summary>The stream after the block [n, d], and the keys and values of the new positions.</summary>
    private (Tensor Next, Tensor Keys, Tensor Values) Run(Tensor x, Tensor? keysBefore, Tensor? valuesBefore)
    {
        var shape = place.Shape;
        var mask = decoder.Config.WindowOf(layer) is null ? place.Whole : place.Windowed;
        var past = keysBefore is null ? null : KeyValueCache.OfBlock(decoder.Config.Layers, layer, keysBefore, valuesBefore!);
        var next = decoder.Block(
            weights, x.view(shape.Batch, shape.Time, -1), place.Angles, new Attention(decoder.Config, mask),
            (past?.Grow(shape.Time), layer, null), out var keys, out var values);
        return (next.view(x.shape), Own(keys), Own(values));
    }
}

/// <summary>The final norm of any family, differentiated by autograd by itself.</summary>
/// <param name="decoder">The decoder.</param>
/// <param name="weights">The norm's weights.</param>
internal sealed class RecomputedNorm(Decoder decoder, NormWeights weights) : ITapedStep
{
    private Tensor? input;

    /// <inheritdoc/>
    public ResidualStream Forward(ResidualStream stream)
    {
        input = stream.Added.alias().DetachFromDisposeScope();
        using var guard = no_grad();
        return new(decoder.Norm(input, weights));
    }

    /// <inheritdoc/>
    public Tensor Backward(Tensor slopes)
    {
        using var scope = NewDisposeScope();
        using var guard = enable_grad();
        var x = input!.detach().requires_grad_();
        autograd.backward([decoder.Norm(x, weights)], [slopes], retain_graph: true);
        return x.grad!.MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose() => input?.Dispose();
}
