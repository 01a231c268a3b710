using LoRi.Training.ModelFiles;
using LoRi.Training.Models;

namespace LoRi.Training.Runs;

/// <summary>Which ids end what a model writes: <c>generation_config.json</c>'s, else those of its configuration.</summary>
internal static class EndTokens
{
    private const string FileName = "generation_config.json";

    public static IReadOnlyList<int> Of(string path, DecoderConfig config, ReasoningCard? card)
    {
        if (card is not null)
        {
            return [card.EosId];
        }

        var folder = ModelLoader.Resolve(path);
        var file = Path.Combine(Directory.Exists(folder) ? folder : Path.GetDirectoryName(Path.GetFullPath(folder))!, FileName);
        return File.Exists(file) && Read(file) is { Count: > 0 } ids ? ids : config.EosIds;
    }

    private static IReadOnlyList<int> Read(string file) => new ConfigFields(JsonFile.ReadObject(file), file).Ids("eos_token_id");
}
