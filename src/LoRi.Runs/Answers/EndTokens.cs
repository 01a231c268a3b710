using LoRi.Files;
using LoRi.Files.Json;
using LoRi.Models.Decoders;
using LoRi.Models.ModelFiles;

namespace LoRi.Runs.Answers;

/// <summary>Which ids end what a model writes: <c>generation_config.json</c>'s, else those of its configuration.</summary>
internal static class EndTokens
{
    private const string FileName = "generation_config.json";

    /// <summary>The ids; none where the model names none.</summary>
    /// <exception cref="InputException">The file is malformed, or names one that the table has no row for.</exception>
    public static IReadOnlyList<int> Of(string path, DecoderConfig config, ReasoningCard? card)
    {
        if (card is not null)
        {
            return card.Ends;
        }

        var (place, ids) = Named(path, config);
        config.CheckEnds(place, ids);
        return ids;
    }

    /// <summary>The ids that a plain checkpoint names, whether its table has them or not, and the file that names them.</summary>
    /// <exception cref="InputException">The file is malformed.</exception>
    public static (string Place, IReadOnlyList<int> Ids) Named(string path, DecoderConfig config)
    {
        var file = FileOf(path);
        return File.Exists(file) && Read(file) is { Count: > 0 } own
            ? (file, own)
            : (ModelLoader.ConfigPlace(ModelLoader.Resolve(path)), config.EosIds);
    }

    /// <summary>The file that names the end tokens of a plain checkpoint, where it is there.</summary>
    public static string FileOf(string path)
    {
        var folder = ModelLoader.Resolve(path);
        return Path.Combine(Directory.Exists(folder) ? folder : Path.GetDirectoryName(Path.GetFullPath(folder))!, FileName);
    }

    private static IReadOnlyList<int> Read(string file) => new ConfigFields(JsonFile.ReadObject(file), file).Ids("eos_token_id");
}
