using LoRi.Models.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace LoRi.Models.Decoders;

/// <summary>
/// The matrices of a model with its adapters merged into them, W + s B A, each made once a step: for the micro-batches of one step,
/// between which no weight changes. Adapters that are added to every image are what they must agree with. The matrices keep their
/// memory from step to step, since to be given as much anew takes longer than to fill it.
/// </summary>
/// <param name="model">The model.</param>
internal sealed class MergedAdapters(ReasoningModel model) : IDisposable
{
    private readonly Dictionary<string, Tensor> matrices = [];
    private readonly HashSet<string> made = [];

    /// <summary>Bytes of all of a model's matrices that are merged, 0 where adapters are added to images.</summary>
    public static double BytesOf(ReasoningModel model)
    {
        if (model.Adapters is not { Config.Dropout: 0 } plan || model.Device.type != DeviceType.CPU
            || model.Precision.Compute != model.Precision.Master)
        {
            return 0;
        }

        var slots = plan.Modules.Select(adapted => adapted.Module.Slot).ToHashSet();
        return LinearModule.Of(model.Config).Where(module => slots.Contains(module.Slot))
            .Sum(module => (double)module.Inputs * module.Outputs * model.Precision.Compute.ElementSize());
    }

    /// <summary>Opens them for the weights that the model gives until what is returned is disposed of.</summary>
    public IDisposable OfStep()
    {
        made.Clear();
        model.Merged = this;
        return new Step(model);
    }

    /// <summary>A stored matrix with the adapters of its parts, in its shape.</summary>
    /// <param name="slot">The matrix's name among the parameters.</param>
    /// <param name="map">The map, which is left as it is.</param>
    /// <param name="adapter">Its adapters.</param>
    public Tensor Of(string slot, LinearMap map, LowRankMap adapter)
    {
        if (!matrices.TryGetValue(slot, out var merged))
        {
            matrices[slot] = merged = empty_like(map.Matrix).DetachFromDisposeScope();
        }

        if (made.Add(slot))
        {
            Merge(map, adapter, merged);
        }

        return merged;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var matrix in matrices.Values)
        {
            matrix.Dispose();
        }

        matrices.Clear();
    }

    private static void Merge(LinearMap map, LowRankMap adapter, Tensor merged)
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        merged.copy_(map.Matrix);
        var outputsFirst = map.InputFirst ? merged.t() : merged;
        foreach (var (part, up, row, column) in adapter.Placed())
        {
            var down = adapter.Down.narrow(0, column, up.shape[1]);
            outputsFirst.narrow(0, row, part.Outputs).addmm_(up.Times(part.Scaling), down, 1, 1);
        }
    }

    private sealed class Step(ReasoningModel model) : IDisposable
    {
        public void Dispose() => model.Merged = null;
    }
}
