using static TorchSharp.torch;

namespace LoRi.Models.Decoders;

/// <summary>
/// Takes the gradients of a decoder's matrices once a micro-batch in place of once a pass. Weights that are read while it is open leave
/// them out of the graph: a backward pass then gives the gradients of the maps' inputs alone, and one product over the positions of all
/// passes (question, latent steps, answer) is added straight into the flat gradient, dW = sum over positions of dy x'.
/// Autograd alone, which makes such a matrix for every pass, is what it must agree with. On the CPU, where those matrices cost more
/// than they compute.
/// </summary>
internal sealed class DeferredGradients : IDisposable
{
    /// <summary>Values of the smallest matrix that it is worth while for: what is recorded of a use costs as much as a small product.
    /// </summary>
    public const long Worthwhile = 1 << 16;

    private readonly ReasoningModel model;
    private readonly long fewest;
    private readonly Dictionary<string, MapGradient> maps = [];

    /// <summary>Opens it for the weights that a model gives until it is disposed of.</summary>
    /// <param name="model">The model.</param>
    /// <param name="fewest">
    /// Values of the smallest matrix whose gradient it takes in uses that autograd sees; smaller ones are autograd's there.
    /// </param>
    /// <param name="tapes">Whether passes whose way back is written out go by it.</param>
    /// <param name="recomputes">Whether blocks keep their inputs alone, and compute the rest anew on the way back.</param>
    public DeferredGradients(ReasoningModel model, long fewest = 0, bool tapes = true, bool recomputes = false)
    {
        (this.model, this.fewest) = (model, fewest);
        Tape = tapes ? new PassTape(recomputes) : null;
        _ = model.Parameters.Gradients;
        model.Deferred = this;
    }

    /// <summary>The passes whose way back is written out; null where autograd's is taken for all.</summary>
    public PassTape? Tape { get; }

    /// <summary>A matrix as passes read it; null where autograd takes its gradient: of what is frozen, or on another device.</summary>
    /// <param name="slot">The matrix's name among the parameters.</param>
    /// <param name="matrix">Its values in the type of the passes.</param>
    /// <param name="inputFirst">Whether it is stored [inputs, outputs].</param>
    public DeferredMatrix? Of(string slot, Tensor matrix, bool inputFirst = false)
    {
        var parameter = model.Parameters[slot];
        return parameter.device_type == TorchSharp.DeviceType.CPU && parameter.requires_grad && parameter.grad is { } gradient
            ? new DeferredMatrix(
                matrix, Known(slot, () => new MatrixGradient(gradient, inputFirst)), TakesImages: parameter.numel() >= fewest)
            : null;
    }

    /// <summary>
    /// A frozen map with its adapters merged into its matrix, whose gradients are taken in place of that of the matrix; null where the
    /// adapters are to be added to every image: with dropout between them, in a type that would round what they add, or on another
    /// device.
    /// </summary>
    /// <param name="slot">The matrix's name among the parameters.</param>
    /// <param name="map">The map.</param>
    /// <param name="adapter">Its adapters.</param>
    public LinearMap? Merged(string slot, LinearMap map, LowRankMap adapter)
    {
        var parameter = model.Parameters[slot];
        if (model.Merged is not { } merged || adapter.Dropout is not null || parameter.requires_grad
            || parameter.device_type != TorchSharp.DeviceType.CPU || map.Matrix.dtype != parameter.dtype)
        {
            return null;
        }

        var matrix = merged.Of(slot, map, adapter);
        var gradient = Known(slot, () => new AdapterGradient(adapter, map.InputFirst));
        return map with { Matrix = matrix, Deferred = new DeferredMatrix(matrix, gradient, TakesImages: true) };
    }

    /// <summary>The backward pass of a loss, with all gradients; once.</summary>
    public void Differentiate(Tensor loss)
    {
        loss.backward(retain_graph: Tape is { IsEmpty: false });
        Tape?.Backward();
        using var guard = no_grad();
        foreach (var map in maps.Values)
        {
            map.Add();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        model.Deferred = null;
        Tape?.Dispose();
        foreach (var map in maps.Values)
        {
            map.Dispose();
        }
    }

    private MapGradient Known(string slot, Func<MapGradient> make)
    {
        if (!maps.TryGetValue(slot, out var known))
        {
            maps[slot] = known = make();
        }

        return known;
    }
}

/// <summary>A matrix whose gradient is taken later. Weights in which another tensor took its place leave that one to autograd.</summary>
/// <param name="Matrix">Its values in the type of the passes.</param>
/// <param name="Gradient">Its gradient.</param>
/// <param name="TakesImages">Whether uses that autograd sees are taken as well.</param>
internal sealed record DeferredMatrix(Tensor Matrix, MapGradient Gradient, bool TakesImages)
{
    /// <summary>x W^T + b; null where autograd is to take the gradient.</summary>
    public Tensor? Image(Tensor matrix, Tensor? bias, Tensor x) =>
        TakesImages && ReferenceEquals(matrix, Matrix) ? Gradient.Image(matrix, bias, x) : null;

    /// <summary>Rows of the table for ids [n]; null where autograd is to take the gradient.</summary>
    public Tensor? Rows(Tensor table, Tensor ids) =>
        TakesImages && ReferenceEquals(table, Matrix) && Gradient is MatrixGradient rows ? rows.Rows(table, ids) : null;
}
