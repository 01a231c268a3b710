using LoRi.Models.Decoders;
using static TorchSharp.torch;

namespace LoRi.Models.Sequences;

/// <summary>
/// What makes of a state t_l, a teacher's or an emulated one, the state that enters block l of a student at the end of its question: for
/// each block a map of its own, d to 4 d to d (Deng et al. 2023, arXiv 2311.01460).
/// </summary>
internal static class StateMaps
{
    /// <summary>The module's name.</summary>
    public const string Name = "student";

    /// <summary>The module.</summary>
    /// <param name="config">The student's shape.</param>
    public static ModelModule Module(DecoderConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        long d = config.HiddenSize;
        ParameterSlot[] slots = [.. Enumerable.Range(0, config.Layers).SelectMany(layer => TwoLayerMap.Slots(MapOf(layer), d, d))];
        return new(Name, slots) { Exported = true, Initialise = (model, seed) => TwoLayerMap.Initialise(model, slots, seed) };
    }

    /// <summary>Writes the images of states into a pass, before every block.</summary>
    /// <param name="model">The student.</param>
    /// <param name="states">t_0 .. t_(L-1) of every row, [B, L, d].</param>
    /// <param name="columns">Where they are written: the column of every row.</param>
    public static Intervention Writing(ReasoningModel model, Tensor states, IReadOnlyList<int> columns)
    {
        ArgumentNullException.ThrowIfNull(model);
        TwoLayerMap[] maps = [.. Enumerable.Range(0, model.Config.Layers).Select(layer => TwoLayerMap.Read(model, MapOf(layer)))];
        return new(columns, (layer, _) => maps[layer].Apply(states.select(1, layer)));
    }

    private static string MapOf(int layer) => $"{Name}.mlps.{layer}";
}
