using LoRi.Models.Tensors;
using static TorchSharp.torch;

namespace LoRi.Training;

/// <summary>
/// Adds the gradients of a step's micro-batches as one binary tree over their numbers: ((g0 + g1) + (g2 + g3)) + ... Their number is
/// an odd one times a power of two; as many runs as that power, each a tree of its own, are added as a tree again. Which process
/// computed which run does not matter to the sum's bits, as long as each adds a whole subtree. A buffer is kept for each level of the
/// tree; a step of one micro-batch needs none.
/// </summary>
/// <param name="gradients">The buffer that every backward pass fills, flat; at the end it holds the sum.</param>
/// <param name="parts">The micro-batches that are added here.</param>
internal sealed class GradientTree(Tensor gradients, int parts) : IDisposable
{
    /// <summary>The level of a run: above all within it.</summary>
    private const int WholeRun = 32;

    private readonly int run = parts / (parts & -parts);
    private readonly Stack<(int Level, Tensor Sum)> sums = new();
    private readonly Stack<Tensor> spare = new();

    private int added;

    /// <summary>
    /// Takes the gradient of the next micro-batch, and clears the buffer for the one after it; after the last it holds the sum of all.
    /// </summary>
    public void Add()
    {
        using var guard = no_grad();
        added++;
        var level = Merge(0, through: added % run == 0 ? WholeRun - 1 : 0);
        if (added % run == 0)
        {
            level = Merge(WholeRun, through: 0);
        }

        if (added == parts)
        {
            added = 0;
            return;
        }

        var kept = spare.Count > 0 ? spare.Pop() : empty_like(gradients).DetachFromDisposeScope();
        kept.copy_(gradients);
        sums.Push((level, kept));
        gradients.zero_();
    }

    /// <summary>Adds what waits for a sum of this level, and so on; at the end of a run also what stands below it.</summary>
    private int Merge(int level, int through)
    {
        while (sums.TryPeek(out var left) && (left.Level == level || left.Level < through))
        {
            gradients.IncreaseBy(left.Sum, 1);
            spare.Push(sums.Pop().Sum);
            level++;
        }

        return level;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var buffer in spare.Concat(sums.Select(sum => sum.Sum)))
        {
            buffer.Dispose();
        }
    }
}
