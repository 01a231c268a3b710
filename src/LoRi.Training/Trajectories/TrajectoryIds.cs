using System.Text.Json;
using LoRi.Files;
using LoRi.Files.Safetensors;

namespace LoRi.Training.Trajectories;

/// <summary>The data's own names of a trajectory file's examples: a JSON list in the metadata.</summary>
internal static class TrajectoryIds
{
    internal const string Key = "ids";

    internal static IReadOnlyList<string>? Read(IReadOnlyList<SafetensorsFile> files, int count)
    {
        var file = files.FirstOrDefault(f => f.Metadata.ContainsKey(Key));
        if (file is null)
        {
            return null;
        }

        var ids = Parse(file);
        return ids.Count == count
            ? ids
            : throw new InputException($"{file.Path}: the metadata's {Key} has {ids.Count} names for {count} examples");
    }

    private static List<string> Parse(SafetensorsFile file)
    {
        try
        {
            using var list = JsonDocument.Parse(file.Metadata[Key]);
            return [.. list.RootElement.EnumerateArray()
                .Select(id => id.ValueKind == JsonValueKind.String ? id.GetString()! : id.GetRawText())];
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new InputException($"{file.Path}: the metadata's {Key} is not a JSON list", e);
        }
    }
}
