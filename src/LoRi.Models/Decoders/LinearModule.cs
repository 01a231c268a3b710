namespace LoRi.Models.Decoders;

/// <summary>A linear map within a block, as the Hub's modules name it, and where its matrix lies.</summary>
/// <param name="Name">The module, for example <c>model.layers.0.self_attn.q_proj</c>.</param>
/// <param name="Layer">The number of its block.</param>
/// <param name="Inputs">Width of what it reads.</param>
/// <param name="Outputs">Width of what it gives.</param>
/// <param name="Slot">The stored parameter that holds its matrix.</param>
/// <param name="InputFirst">Whether the matrix is stored [inputs, outputs].</param>
public sealed record LinearModule(string Name, int Layer, long Inputs, long Outputs, string Slot, bool InputFirst)
{
    /// <summary>The name that its matrix has in a checkpoint.</summary>
    public string Weight => Name + ".weight";

    /// <summary>The linear maps of all blocks, in the order in which a pass uses them.</summary>
    /// <param name="config">The model's shape.</param>
    public static IReadOnlyList<LinearModule> Of(DecoderConfig config) =>
        [.. Enumerable.Range(0, config.Layers).SelectMany(layer => DecoderLayout.Block(config, layer).Maps
            .SelectMany(
                map => map.Parts.Select(
                    part => new LinearModule(part.Module, layer, map.Inputs, part.Outputs, map.Matrix, map.InputFirst))))];
}
