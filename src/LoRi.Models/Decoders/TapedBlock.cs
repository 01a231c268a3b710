using System.Numerics;
using LoRi.Models.Tensors;
using static TorchSharp.torch;

namespace LoRi.Models.Decoders;

/// <summary>Where a pass stands: what its blocks share.</summary>
/// <param name="Shape">The heads.</param>
/// <param name="Angles">Angles of the new positions.</param>
/// <param name="Visible">Bool [B, P + T], true where a key is a real token; null where all are.</param>
/// <param name="Keys">Keys and values of the chain.</param>
/// <param name="Epsilon">That of the norms.</param>
/// <param name="Recomputes">Whether blocks keep their inputs alone, and compute the rest anew on the way back.</param>
internal sealed record TapedPlace(
    HeadShape Shape, Angles Angles, Tensor? Visible, TapedKeys Keys, double Epsilon, bool Recomputes)
{
    /// <summary>Whether what queries gave to keys is kept for the way back; else it is computed again.</summary>
    public bool KeepsShares =>
        (long)Shape.Rows * Shape.Queries * Shape.ShareStride * Angles.Cosine.element_size() <= Attention.MostScoreBytes;
}

/// <summary>What blocks of every type share.</summary>
internal static class TapedBlock
{
    /// <summary>Whether a weight is frozen, or a parameter whose gradient can be added to where it lies.</summary>
    public static bool HasGradient(Tensor weight) => !weight.requires_grad || weight.is_leaf;

    /// <summary>Where the gradient of a weight is added; null where it is frozen.</summary>
    public static Tensor? GradientOf(Tensor weight) => weight.requires_grad ? weight.grad : null;
}

/// <summary>
/// One block of a gated decoder with root mean square norms and rotary positions, forwards and backwards: x + attention(norm(x)), and to
/// that its feed-forward half. Products are libtorch's; all between them are loops of one's own.
/// </summary>
/// <typeparam name="T">The type of the values.</typeparam>
/// <param name="weights">The block's weights.</param>
/// <param name="place">Where the pass stands.</param>
/// <param name="layer">The block's number.</param>
internal sealed class TapedBlock<T>(BlockWeights weights, TapedPlace place, int layer) : ITapedStep
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly TapedMap queryKeyValue = new(weights.QueryKeyValue), output = new(weights.Output);
    private readonly TapedMap ups = new(weights.Up), down = new(weights.Down);
    private Tensor? input;
    private Saved? saved;

    /// <inheritdoc/>
    public ResidualStream Forward(ResidualStream stream)
    {
        var after = Run(stream);
        input = stream.Added.alias().DetachFromDisposeScope();
        if (place.Recomputes)
        {
            Forget();
        }

        return after;
    }

    /// <summary>The pass through the block, which needs no more than its input to be made again.</summary>
    private ResidualStream Run(ResidualStream stream)
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var x = stream.Added;
        var (normed, inverse) = RowNorm<T>.Forward(x, stream.Residual, weights.AttentionNorm.Weight, place.Epsilon);
        var heads = queryKeyValue.Image(normed);
        HeadRotation<T>.Turn(place.Shape, heads, place.Angles.Cosine, place.Angles.Sine, isTransposed: false);
        var attention = new HeadAttention<T>(Memory(heads));
        attention.Append();
        var (mixed, shares) = attention.Forward(x.dtype, place.KeepsShares);
        var middle = output.Image(mixed);
        var (ready, factor) = RowNorm<T>.Forward(middle, x, weights.FeedForwardNorm.Weight, place.Epsilon);
        var up = ups.Image(ready);
        var active = GatedActivation<T>.Forward(up);
        var added = down.Image(active);
        saved = new Saved(normed, inverse, heads, shares, mixed, middle.alias(), ready, factor, up, active);
        saved.Detach();
        scope.MoveToOuter(added, middle);
        return new(added, middle);
    }

    /// <inheritdoc/>
    public Tensor Backward(Tensor slopes)
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        if (saved is null)
        {
            Run(new(input!));
        }

        var s = saved!;
        var active = down.Slopes(s.Active, slopes);
        var ready = ups.Slopes(s.Ready, GatedActivation<T>.Backward(s.Up, active));
        var norm = weights.FeedForwardNorm.Weight;
        var middle = RowNorm<T>.Backward(ready, s.Middle, s.Factor, norm, slopes, TapedBlock.GradientOf(norm));
        var mixed = output.Slopes(s.Mixed, middle);
        var (keySlopes, valueSlopes) = place.Keys.SlopesOf(layer, place.Shape);
        var heads = new HeadAttention<T>(Memory(s.Heads)).Backward(s.Shares, mixed, keySlopes, valueSlopes);
        HeadRotation<T>.Turn(place.Shape, heads, place.Angles.Cosine, place.Angles.Sine, isTransposed: true);
        var normed = queryKeyValue.Slopes(s.Normed, heads);
        norm = weights.AttentionNorm.Weight;
        var before = RowNorm<T>.Backward(normed, input!, s.Inverse, norm, middle, TapedBlock.GradientOf(norm));
        Forget();
        return before.MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        input?.Dispose();
        Forget();
    }

    private void Forget()
    {
        saved?.Dispose();
        saved = null;
        foreach (var map in new[] { queryKeyValue, output, ups, down })
        {
            map.Dispose();
        }
    }

    private HeadMemory Memory(Tensor heads)
    {
        var (keys, values) = place.Keys.Of(layer);
        return new(place.Shape, heads, keys, values, place.Visible);
    }

    /// <summary>What the way back needs.</summary>
    private sealed record Saved(
        Tensor Normed, Tensor Inverse, Tensor Heads, Tensor? Shares, Tensor Mixed, Tensor Middle, Tensor Ready, Tensor Factor,
        Tensor Up, Tensor Active) : IDisposable
    {
        private IEnumerable<Tensor> All =>
            new[] { Normed, Inverse, Heads, Shares, Mixed, Middle, Ready, Factor, Up, Active }.OfType<Tensor>();

        public void Detach()
        {
            foreach (var tensor in All)
            {
                tensor.DetachFromDisposeScope();
            }
        }

        public void Dispose()
        {
            foreach (var tensor in All)
            {
                tensor.Dispose();
            }
        }
    }
}
