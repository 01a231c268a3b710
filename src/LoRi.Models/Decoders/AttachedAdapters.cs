using static TorchSharp.torch;

namespace LoRi.Models.Decoders;

/// <summary>Puts a model's adapters on the weights that a pass reads.</summary>
internal static class AttachedAdapters
{
    /// <summary>
    /// The weights with adapters on their linear maps, and the replaced rows of the tables; the base's own tensors are as they
    /// were.
    /// </summary>
    public static DecoderWeights To(DecoderWeights weights, ReasoningModel model, SeededDropout? dropout)
    {
        var plan = model.Adapters!;
        var adapted = plan.Modules.ToDictionary(one => one.Module.Name);
        Tensor Read(string name) =>
            model.Parameters[name].dtype == model.Precision.Compute
                ? model.Parameters[name]
                : model.Parameters[name].to(model.Precision.Compute);
        LowRankPart Part(long outputs, AdaptedModule one)
        {
            var up = Read(one.B);
            return new LowRankPart(outputs, up, one.Scaling) { Deferred = model.Deferred?.Of(one.B, up) };
        }

        LinearMap With(LinearMap map, MapLayout layout)
        {
            LowRankPart[] parts = [.. layout.Parts.Select(part => adapted.TryGetValue(part.Module, out var one)
                ? Part(part.Outputs, one)
                : new LowRankPart(part.Outputs, null, 0))];
            if (parts.All(part => part.Up is null))
            {
                return map;
            }

            var slot = AdapterPlan.StackedA(layout.Matrix);
            var down = Read(slot);
            var adapter = new LowRankMap(down, parts, dropout) { Deferred = model.Deferred?.Of(slot, down) };
            return model.Deferred?.Merged(layout.Matrix, map, adapter) ?? map with { Adapter = adapter };
        }

        BlockWeights Block(BlockWeights block, int layer)
        {
            var layout = DecoderLayout.Block(model.Config, layer);
            return block with
            {
                QueryKeyValue = With(block.QueryKeyValue, layout.QueryKeyValue),
                Output = With(block.Output, layout.Output),
                Up = With(block.Up, layout.Up),
                Down = With(block.Down, layout.Down),
            };
        }

        TokenRows? Rows(string table) => plan.Rows.FirstOrDefault(rows => rows.Table == table) is { } rows
            ? new TokenRows(tensor(rows.Ids.Select(id => (long)id).ToArray(), device: model.Device), Read(rows.Name))
            : null;
        var input = DecoderLayout.Embedding(model.Config);
        return weights with
        {
            Blocks = [.. weights.Blocks.Select(Block)],
            InputRows = Rows(input),
            OutputRows = Rows(model.Config.TiedHead ? input : DecoderLayout.Head),
        };
    }
}
