using LoRi.Training.Checkpoints;
using LoRi.Training.Models;

namespace LoRi.Training.ModelFiles;

/// <summary>Compares the tensors of a checkpoint with what a configuration asks for.</summary>
internal static class WeightNames
{
    private static readonly string[] Ignored = ["rotary_emb.inv_freq"];

    /// <summary>What is missing, what has no place, and what has another shape.</summary>
    public static (IReadOnlyList<string> Missing, IReadOnlyList<string> Surplus, IReadOnlyList<string> Misshapen) Compare(IWeightSource source, DecoderConfig config)
    {
        var wanted = DecoderLayout.Slots(config, 0)
            .SelectMany(slot => slot.Parts.Select(part => (part.Name, Shape: (long[])[part.Rows, .. slot.Shape[1..]])))
            .ToDictionary(pair => pair.Name, pair => pair.Shape);
        var found = source.Tensors.ToDictionary(tensor => tensor.Name, tensor => tensor.Shape);
        return (
            [.. wanted.Keys.Where(name => !found.ContainsKey(name))],
            [.. found.Keys.Where(name => !wanted.ContainsKey(name) && !MayBeIgnored(name, config))],
            [.. wanted.Where(pair => found.TryGetValue(pair.Key, out var shape) && !shape.SequenceEqual(pair.Value)).Select(pair => pair.Key)]);
    }

    /// <summary>Whether a tensor that is not asked for is harmless: a table that follows from the configuration, or a head that is tied.</summary>
    public static bool MayBeIgnored(string name, DecoderConfig config) =>
        Ignored.Any(end => name.EndsWith(end, StringComparison.Ordinal)) || (config.TiedHead && name == DecoderLayout.Head);
}
