using LoRi.Models.Tensors;
using static TorchSharp.torch;

namespace LoRi.Models.Decoders;

/// <summary>
/// Keys and values of every block over the passes of one chain, and their slopes. Each pass adds its own behind those of the passes before
/// it; backwards, each adds the slopes of all that it saw, so that those of a pass's own are complete when its turn comes.
/// </summary>
internal sealed class TapedKeys : IDisposable
{
    /// <summary>Positions of spare room at least: those of some latent steps and an answer.</summary>
    private const int Spare = 32;

    private readonly Block[] blocks;
    private readonly List<Exposed> exposures = [];

    /// <summary>Positions that there is room for.</summary>
    private int capacity;

    /// <summary>Room for nothing yet.</summary>
    /// <param name="layers">Number of blocks.</param>
    public TapedKeys(int layers) => blocks = [.. Enumerable.Range(0, layers).Select(_ => new Block())];

    /// <summary>Positions that the newest pass has filled.</summary>
    public int Filled { get; private set; }

    /// <summary>Makes room for the positions of a pass, and counts them.</summary>
    /// <param name="shape">The pass.</param>
    /// <param name="like">Has the type, and is where it lies.</param>
    public void Extend(HeadShape shape, Tensor like)
    {
        if (shape.Seen > capacity)
        {
            capacity = int.Max(shape.Seen + Spare, capacity * 3 / 2);
            foreach (var block in blocks)
            {
                block.Keys = Grown(block.Keys, shape, capacity, like);
                block.Values = Grown(block.Values, shape, capacity, like);
            }
        }

        Filled = shape.Seen;
    }

    /// <summary>Keys and values of a block, [B, key heads, capacity, size].</summary>
    public (Tensor Keys, Tensor Values) Of(int layer) => (blocks[layer].Keys!, blocks[layer].Values!);

    /// <summary>Their slopes, with those that autograd found for the positions of a pass.</summary>
    public (Tensor Keys, Tensor Values) SlopesOf(int layer, HeadShape shape)
    {
        var block = blocks[layer];
        block.KeySlopes ??= zeros_like(block.Keys!).DetachFromDisposeScope();
        block.ValueSlopes ??= zeros_like(block.Values!).DetachFromDisposeScope();
        foreach (var exposed in exposures.Where(one => one.Layer == layer && one.Keys.shape[2] >= shape.Seen))
        {
            AddOwn(block.KeySlopes, exposed.Keys.grad, shape);
            AddOwn(block.ValueSlopes, exposed.Values.grad, shape);
        }

        return (block.KeySlopes, block.ValueSlopes);
    }

    /// <summary>The first positions of every block as tensors whose gradients autograd is to find.</summary>
    public (Tensor[] Keys, Tensor[] Values) Expose(int length)
    {
        var made = blocks.Select((block, layer) => new Exposed(layer, Leaf(block.Keys!, length), Leaf(block.Values!, length))).ToArray();
        exposures.AddRange(made);
        return ([.. made.Select(one => one.Keys)], [.. made.Select(one => one.Values)]);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var block in blocks)
        {
            block.Keys?.Dispose();
            block.Values?.Dispose();
            block.KeySlopes?.Dispose();
            block.ValueSlopes?.Dispose();
        }

        foreach (var exposed in exposures)
        {
            exposed.Keys.Dispose();
            exposed.Values.Dispose();
        }
    }

    private static Tensor Grown(Tensor? old, HeadShape shape, int capacity, Tensor like)
    {
        var grown = empty([shape.Batch, shape.Keys, capacity, shape.Size], like.dtype, like.device).DetachFromDisposeScope();
        if (old is not null)
        {
            grown.narrow(2, 0, shape.Past).copy_(old.narrow(2, 0, shape.Past));
            old.Dispose();
        }

        return grown;
    }

    private static Tensor Leaf(Tensor all, int length)
    {
        using var guard = no_grad();
        return all.narrow(2, 0, length).clone().requires_grad_().DetachFromDisposeScope();
    }

    private static void AddOwn(Tensor sum, Tensor? found, HeadShape shape)
    {
        if (found is not null)
        {
            sum.narrow(2, shape.Past, shape.Time).IncreaseBy(found.narrow(2, shape.Past, shape.Time), 1);
        }
    }

    private sealed record Exposed(int Layer, Tensor Keys, Tensor Values);

    private sealed class Block
    {
        public Tensor? Keys { get; set; }

        public Tensor? Values { get; set; }

        public Tensor? KeySlopes { get; set; }

        public Tensor? ValueSlopes { get; set; }
    }
}
