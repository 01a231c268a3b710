using LoRi.Files;
using LoRi.Files.Safetensors;
using LoRi.Models.ModelFiles;
using LoRi.Models.Reasoning;

namespace LoRi.Runs.Inspect;

/// <summary>Weights beside a model's own, as its card names them.</summary>
/// <param name="File">The file, from the model's folder.</param>
/// <param name="Bytes">Its size; null where it is not there.</param>
/// <param name="Values">Numbers in it; 0 where it cannot be read.</param>
/// <param name="IsNeeded">Whether the model needs it to answer; else it is there to be looked into.</param>
internal sealed record ModelPart(string File, long? Bytes, long Values, bool IsNeeded);

/// <summary>Finds the parts of a model.</summary>
internal static class ModelParts
{
    /// <summary>The parts that the card of a folder names; none where there is no card, or none that can be read.</summary>
    public static IReadOnlyList<ModelPart> Of(string path)
    {
        try
        {
            return Directory.Exists(path) && ReasoningCard.Read(path) is { } card ? [.. card.Parts.Select(part => Of(path, part))] : [];
        }
        catch (InputException)
        {
            // What is wrong with the card is a finding of its own.
            return [];
        }
    }

    private static ModelPart Of(string folder, string part)
    {
        var file = new FileInfo(ModuleFiles.PathOf(folder, part));
        return new(
            Path.GetRelativePath(folder, file.FullName),
            file.Exists ? file.Length : null,
            file.Exists ? Values(file.FullName) : 0,
            part != AuxiliaryDecoder.Name);
    }

    private static long Values(string file)
    {
        using var tensors = SafetensorsFile.Open(file);
        return tensors.Entries.Sum(entry => entry.Shape.Aggregate(1L, (product, size) => product * size));
    }
}
