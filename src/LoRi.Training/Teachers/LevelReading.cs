using LoRi.Math;
using LoRi.Math.Fluent;
using LoRi.Models.Tensors;
using static TorchSharp.torch;

namespace LoRi.Training.Teachers;

/// <summary>
/// Sums over a corpus on the CPU, added in place: those of shifted states, and their products across levels. Tokens are taken in blocks of
/// all levels: padding left out, widened to float64 and centred by the reading that gathers them. The plain path for every device is
/// <see cref="LevelSums"/>.
/// </summary>
internal sealed class LevelReading : IDisposable
{
    private readonly long levels;
    private readonly long width;
    private readonly Tensor block;

    /// <summary>No sums yet, around the mean of a first batch.</summary>
    /// <param name="states">[B, L, T, d].</param>
    /// <param name="counts">Tokens of each example.</param>
    /// <param name="blockTokens">Tokens of a block.</param>
    public LevelReading(Tensor states, int[] counts, int blockTokens)
    {
        using var scope = NewDisposeScope();
        (levels, width) = (states.shape[1], states.shape[3]);
        Tensor Zeros(params long[] shape) => zeros(shape, ScalarType.Float64).DetachFromDisposeScope();
        (Shift, Sums, Products) = (Zeros(levels, width), Zeros(levels, width), Zeros(levels, levels));
        block = Zeros(levels, blockTokens, width);
        ForEachBlock(states, counts, _ => { });
        Shift.copy_(Sums.Over(double.Max(1, counts.Sum())));
        Sums.zero_();
    }

    /// <summary>What every state is reduced by, float64 [L, d].</summary>
    public Tensor Shift { get; }

    /// <summary>Sums of shifted states, float64 [L, d].</summary>
    public Tensor Sums { get; }

    /// <summary>Products of shifted states across levels, float64 [L, L].</summary>
    public Tensor Products { get; }

    /// <summary>Examples with at least one token.</summary>
    public int Examples { get; private set; }

    /// <summary>Tokens of all examples.</summary>
    public double Tokens { get; private set; }

    /// <summary>Adds a batch. Shapes as in the first one.</summary>
    /// <param name="states">[B, L, T, d].</param>
    /// <param name="counts">Tokens of each example.</param>
    /// <param name="withProducts">Whether the products across levels are wanted.</param>
    /// <param name="use">Given the shifted states of every block, float64 [L, n, d].</param>
    public void Add(Tensor states, int[] counts, bool withProducts = true, Action<Tensor>? use = null)
    {
        Examples += counts.Count(count => count > 0);
        Tokens += counts.Sum();
        ForEachBlock(states, counts, filled =>
        {
            use?.Invoke(filled);
            if (withProducts)
            {
                var byToken = filled.transpose(0, 1);
                Products.IncreaseBy(byToken.matmul(byToken.transpose(1, 2)).sum([0L]), 1);
            }
        });
    }

    /// <summary>The sums, whose tensors belong to the open dispose scope.</summary>
    public LevelSums Finish() => Readings.Sums(Owned(Shift), Examples, Tokens, Owned(Sums), Owned(Products));

    /// <summary>A tensor of the core that outlives this reading, in the open dispose scope.</summary>
    public static RawTensor Owned(Tensor sum) => new TorchTensor(sum.alias());

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var tensor in new[] { Shift, Sums, Products, block })
        {
            tensor.Dispose();
        }
    }

    /// <summary>Fills the block with the batch's tokens, again and again, each time with all of it that fits.</summary>
    private void ForEachBlock(Tensor states, int[] counts, Action<Tensor> use)
    {
        TokenGathering.Check(states, counts, levels, width);
        using var scope = NewDisposeScope();
        var readable = TokenGathering.Readable(states);
        foreach (var part in TokenGathering.Places(counts).Chunk((int)block.shape[1]))
        {
            using var inner = NewDisposeScope();
            TokenGathering.Fill(block, readable, part, Shift, Sums);
            use(block.narrow(1, 0, part.Length));
        }
    }
}
