using LoRi.Models.Decoders;
using LoRi.Models.Weights;
using static TorchSharp.torch;

namespace LoRi.Models.ModelFiles;

/// <summary>A head that is stored although the configuration ties it to the embedding table: the weights decide.</summary>
internal static class StoredHead
{
    /// <summary>
    /// The configuration as the weights bear it out: untied, with a note, where a head is stored that is not the table. A copy of the
    /// table changes nothing. Two equal types are compared byte by byte in place, others as numbers.
    /// </summary>
    public static DecoderConfig Resolve(IWeightSource source, DecoderConfig config)
    {
        var names = source.Tensors.Select(tensor => tensor.Name).ToHashSet(StringComparer.Ordinal);
        var table = new[] { DecoderLayout.Embedding(config), WeightFit.Bare(DecoderLayout.Embedding(config)) }.FirstOrDefault(
            names.Contains);
        if (!config.TiedHead || table is null || !names.Contains(DecoderLayout.Head) || IsCopy(source, table))
        {
            return config;
        }

        var note = $"{DecoderLayout.Head} is stored and is not {table}, although {source.ConfigName} ties them; it is used as a head of "
            + "its own";
        return config with { TiedHead = false, Notes = [.. config.Notes, note] };
    }

    private static bool IsCopy(IWeightSource source, string table)
    {
        var (one, other) = (Find(source, table), Find(source, DecoderLayout.Head));
        if (!one.Shape.SequenceEqual(other.Shape) || WeightFit.IsNoWeight(source, one.Dtype) || WeightFit.IsNoWeight(source, other.Dtype))
        {
            return false;
        }

        if (one.Dtype == other.Dtype && source is SafetensorsCheckpoint checkpoint)
        {
            return checkpoint.SameBytes(table, DecoderLayout.Head);
        }

        using var scope = NewDisposeScope();
        var type = one.Dtype == "F64" || other.Dtype == "F64" ? ScalarType.Float64 : ScalarType.Float32;
        return source.Read(table, type).eq(source.Read(DecoderLayout.Head, type)).all().item<bool>();
    }

    private static WeightInfo Find(IWeightSource source, string name) => source.Tensors.First(tensor => tensor.Name == name);
}
