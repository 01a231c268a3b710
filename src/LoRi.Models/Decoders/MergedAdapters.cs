using LoRi.Models.Tensors;
using static TorchSharp.torch;

namespace LoRi.Models.Decoders;

/// <summary>
/// The matrices of a model with its adapters merged into them, W + s B A, each made once while this is open: for the micro-batches of one
/// step, between which no weight changes. Adapters that are added to every image are what they must agree with.
/// </summary>
internal sealed class MergedAdapters : IDisposable
{
    private readonly ReasoningModel model;
    private readonly Dictionary<string, Tensor> matrices = [];

    /// <summary>Opens it for the weights that a model gives until it is disposed of.</summary>
    public MergedAdapters(ReasoningModel model)
    {
        this.model = model;
        model.Merged = this;
    }

    /// <summary>A stored matrix with the adapters of its parts, in its shape.</summary>
    /// <param name="slot">The matrix's name among the parameters.</param>
    /// <param name="map">The map, which is left as it is.</param>
    /// <param name="adapter">Its adapters.</param>
    public Tensor Of(string slot, LinearMap map, LowRankMap adapter)
    {
        if (!matrices.TryGetValue(slot, out var merged))
        {
            matrices[slot] = merged = Merge(map, adapter);
        }

        return merged;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        model.Merged = null;
        foreach (var matrix in matrices.Values)
        {
            matrix.Dispose();
        }
    }

    private static Tensor Merge(LinearMap map, LowRankMap adapter)
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var merged = map.Matrix.detach().clone();
        var outputsFirst = map.InputFirst ? merged.t() : merged;
        foreach (var (part, up, row, column) in adapter.Placed())
        {
            var down = adapter.Down.narrow(0, column, up.shape[1]);
            outputsFirst.narrow(0, row, part.Outputs).addmm_(up.Times(part.Scaling), down, 1, 1);
        }

        return merged.DetachFromDisposeScope();
    }
}
