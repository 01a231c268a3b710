using LoRi.Models.Decoders;
using LoRi.Models.Tensors;
using static TorchSharp.torch;

namespace LoRi.Models.Adapters;

/// <summary>The weights of a plain model that computes what a base and its adapters do: <c>W + scaling B A</c>.</summary>
internal static class AdapterMerge
{
    /// <summary>What a checkpoint stores under a name; a new tensor of the caller's.</summary>
    /// <param name="model">A model, with adapters or without.</param>
    /// <param name="name">The name of a weight of the base.</param>
    public static Tensor Merged(ReasoningModel model, string name)
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var weight = model.Parameters.Part(name);
        var merged = model.Adapters?.Modules.FirstOrDefault(one => one.Module.Weight == name) is { } adapted ? Added(model, weight, adapted)
            : model.Adapters?.Rows.FirstOrDefault(one => one.Table == name) is { } rows ? Replaced(model, weight, rows)
            : weight.clone();
        return merged.DetachFromDisposeScope();
    }

    /// <summary>Puts the adapters into the base's weights; the model has none afterwards.</summary>
    public static void Fold(ReasoningModel model)
    {
        using var guard = no_grad();
        var plan = model.Adapters ?? throw new ArgumentException("the model has no adapters", nameof(model));
        foreach (var name in plan.Modules.Select(adapted => adapted.Module.Weight).Concat(plan.Rows.Select(rows => rows.Table)))
        {
            using var scope = NewDisposeScope();
            model.Parameters.Part(name).copy_(Merged(model, name));
        }

        model.Adapters = null;
    }

    /// <summary>The sum is taken in float32 or better, so that a base in fewer bits is rounded once.</summary>
    private static Tensor Added(ReasoningModel model, Tensor weight, AdaptedModule adapted)
    {
        var wide = weight.dtype == ScalarType.Float64 ? ScalarType.Float64 : ScalarType.Float32;
        var product = model.Parameters.Part(adapted.B).to(wide).matmul(model.Parameters.Part(adapted.A).to(wide)).Times(adapted.Scaling);
        return weight.to(wide).Plus(adapted.Module.InputFirst ? product.t() : product).to(weight.dtype);
    }

    private static Tensor Replaced(ReasoningModel model, Tensor table, ReplacedRows rows) =>
        table.index_copy(0, tensor(rows.Ids.Select(id => (long)id).ToArray(), device: table.device), model.Parameters.Part(rows.Name));
}
