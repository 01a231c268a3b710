using LoRi.Models.Tensors;
using static TorchSharp.torch;

namespace LoRi.Models.Decoders;

/// <summary>The residual stream between two steps: the sum of both parts, which the next step takes, into the first.</summary>
/// <param name="Added">What the step before added, [n, d].</param>
/// <param name="Residual">What it added it to, [n, d]; null where the sum has been taken.</param>
internal readonly record struct ResidualStream(Tensor Added, Tensor? Residual = null);

/// <summary>A part of a pass whose way back is known: a block, or the final norm.</summary>
internal interface ITapedStep : IDisposable
{
    /// <summary>The stream after the step; without gradients. What the way back needs is kept.</summary>
    ResidualStream Forward(ResidualStream stream);

    /// <summary>Takes the gradients of the step's weights and gives the slope of the stream before it; once.</summary>
    /// <param name="slopes">The slope of the stream after it, [n, d].</param>
    Tensor Backward(Tensor slopes);
}

/// <summary>One pass through a decoder whose way back is known. For autograd its results are leaves, and its input ends a graph.</summary>
/// <param name="inputs">Input embeddings, [B, T, d].</param>
/// <param name="steps">The blocks, and the final norm.</param>
/// <param name="cache">Keys and values of everything so far, with the pass.</param>
internal sealed class TapedPass(Tensor inputs, IReadOnlyList<ITapedStep> steps, KeyValueCache cache) : IDisposable
{
    private readonly Tensor input = inputs.alias().DetachFromDisposeScope();

    /// <summary>The results after each step that someone reads.</summary>
    private readonly Tensor?[] leaves = new Tensor?[steps.Count];

    /// <summary>What the pass gives; all levels only where they are asked for.</summary>
    public DecoderPass Forward(bool levels)
    {
        using var scope = NewDisposeScope();
        var after = new Tensor[steps.Count];
        using (no_grad())
        {
            var stream = new ResidualStream(input.reshape(-1, input.shape[^1]).contiguous());
            for (var step = 0; step < steps.Count; step++)
            {
                var next = steps[step].Forward(stream);
                if (step > 0)
                {
                    after[step - 1] = stream.Added;
                }

                stream = next;
            }

            after[^1] = stream.Added;
        }

        var final = Leaf(steps.Count - 1, after[^1]);
        return new DecoderPass(final, levels ? [inputs, .. after[..^2].Select((level, step) => Leaf(step, level)), final] : null, cache);
    }

    /// <summary>Takes the slopes of the results, once all of them are known, back to the weights and the input.</summary>
    public void Backward()
    {
        using var scope = NewDisposeScope();
        var slopes = SlopeOf(steps.Count - 1) ?? zeros_like(leaves[^1]!).view(-1, input.shape[^1]);
        for (var step = steps.Count - 1; step >= 0; step--)
        {
            slopes = steps[step].Backward(slopes);
            if (step > 0 && SlopeOf(step - 1) is { } level)
            {
                slopes.IncreaseBy(level, 1);
            }
        }

        if (input.requires_grad)
        {
            autograd.backward([input], [slopes.view(input.shape)], retain_graph: true);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        input.Dispose();
        foreach (var step in steps)
        {
            step.Dispose();
        }

        foreach (var leaf in leaves)
        {
            leaf?.Dispose();
        }
    }

    private Tensor Leaf(int step, Tensor values)
    {
        var leaf = values.detach().view(input.shape).requires_grad_().DetachFromDisposeScope();
        leaves[step] = leaf;
        return leaf.view(input.shape).MoveToOuterDisposeScope();
    }

    private Tensor? SlopeOf(int step) => leaves[step]?.grad is { } found ? found.reshape(-1, input.shape[^1]).contiguous() : null;
}
