using static TorchSharp.torch;

namespace LoRi.Models.Decoders;

/// <summary>
/// Takes the gradients of a decoder's matrices once a micro-batch in place of once a pass. Weights that are read while it is open leave
/// them out of the graph: a backward pass then gives the gradients of the maps' inputs alone, and <see cref="Add"/> adds one product
/// over the positions of all passes (question, latent steps, answer) straight into the flat gradient, dW = sum over positions of dy x'.
/// Autograd alone, which makes such a matrix for every pass, is what it must agree with. On the CPU, where those matrices cost more
/// than they compute.
/// </summary>
internal sealed class DeferredGradients : IDisposable
{
    private readonly ReasoningModel model;
    private readonly Dictionary<string, MatrixGradient> matrices = [];

    /// <summary>Opens it for the weights that a model gives until it is disposed of.</summary>
    public DeferredGradients(ReasoningModel model)
    {
        this.model = model;
        _ = model.Parameters.Gradients;
        model.Deferred = this;
    }

    /// <summary>A matrix as passes read it; null where autograd takes its gradient: of what is frozen, or on another device.</summary>
    /// <param name="slot">The matrix's name among the parameters.</param>
    /// <param name="matrix">Its values in the type of the passes.</param>
    /// <param name="inputFirst">Whether it is stored [inputs, outputs].</param>
    public DeferredMatrix? Of(string slot, Tensor matrix, bool inputFirst = false)
    {
        var parameter = model.Parameters[slot];
        if (parameter.device_type != TorchSharp.DeviceType.CPU || !parameter.requires_grad || parameter.grad is not { } gradient)
        {
            return null;
        }

        if (!matrices.TryGetValue(slot, out var known))
        {
            matrices[slot] = known = new MatrixGradient(gradient, inputFirst);
        }

        return new DeferredMatrix(matrix, known);
    }

    /// <summary>Adds all gradients; call it once, after the backward pass.</summary>
    public void Add()
    {
        using var guard = no_grad();
        foreach (var matrix in matrices.Values)
        {
            matrix.Add();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        model.Deferred = null;
        foreach (var matrix in matrices.Values)
        {
            matrix.Dispose();
        }
    }
}

/// <summary>A matrix whose gradient is taken later. Weights in which another tensor took its place leave that one to autograd.</summary>
/// <param name="Matrix">Its values in the type of the passes.</param>
/// <param name="Gradient">Its gradient.</param>
internal sealed record DeferredMatrix(Tensor Matrix, MatrixGradient Gradient)
{
    /// <summary>x W^T + b; null where autograd is to take the gradient.</summary>
    public Tensor? Image(Tensor matrix, Tensor? bias, Tensor x) =>
        ReferenceEquals(matrix, Matrix) ? Gradient.Image(matrix, bias, x) : null;

    /// <summary>Rows of the table for ids [n]; null where autograd is to take the gradient.</summary>
    public Tensor? Rows(Tensor table, Tensor ids) => ReferenceEquals(table, Matrix) ? Gradient.Rows(table, ids) : null;
}
