using LoRi.Models.Tensors;
using static TorchSharp.torch;

namespace LoRi.Training;

/// <summary>
/// Adds the gradients of a step's micro-batches as one binary tree over their numbers: ((g0 + g1) + (g2 + g3)) + ... Which process
/// computed which does not matter to the sum's bits, as long as each adds a whole subtree. A buffer is kept for each level of the tree;
/// a step of one micro-batch needs none.
/// </summary>
/// <param name="gradients">The buffer that every backward pass fills, flat; at the end it holds the sum.</param>
internal sealed class GradientTree(Tensor gradients) : IDisposable
{
    private readonly Stack<(int Level, Tensor Sum)> sums = new();
    private readonly Stack<Tensor> spare = new();

    /// <summary>Takes the gradient of the next micro-batch, and clears the buffer for the one after it.</summary>
    /// <param name="last">Whether no other follows: then the buffer holds the sum of all.</param>
    public void Add(bool last)
    {
        using var guard = no_grad();
        var level = 0;
        while (sums.TryPeek(out var left) && (last || left.Level == level))
        {
            gradients.IncreaseBy(left.Sum, 1);
            spare.Push(sums.Pop().Sum);
            level++;
        }

        if (!last)
        {
            var kept = spare.Count > 0 ? spare.Pop() : empty_like(gradients).DetachFromDisposeScope();
            kept.copy_(gradients);
            sums.Push((level, kept));
            gradients.zero_();
        }
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
