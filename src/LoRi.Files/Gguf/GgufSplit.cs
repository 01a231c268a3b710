using System.Text.RegularExpressions;

namespace LoRi.Files.Gguf;

/// <summary>GGUF models that are split over several files, each of which is a GGUF file: none of them is a model by itself.</summary>
internal static partial class GgufSplit
{
    private const string Remedy = "join them with llama-gguf-split --merge, or use the model's Hub folder";

    /// <summary>Refuses a part of a set.</summary>
    /// <exception cref="InputException">The metadata says that there are other parts.</exception>
    public static void Refuse(GgufFile file)
    {
        if (file.FindInteger("split.count") is > 1 and long count)
        {
            var which = file.FindInteger("split.no") is long number and >= 0 && number < count ? $"file {number + 1}" : "one";
            throw new InputException($"{file.Path}: is {which} of the {count} that a model is split into, which are not read; {Remedy}");
        }
    }

    /// <summary>
    /// What is to be said of the several GGUF files of a folder; null where their names do not make them parts of one model.
    /// </summary>
    public static string? Parts(string[] files) =>
        files.Length > 1 && files.All(file => Part(file) is not null)
            ? $"by their names they are parts of one model, which are not read: {Remedy}"
            : null;

    /// <summary>What is to be said of a file whose name says that it is one of several; null for other names.</summary>
    public static string? Part(string path) =>
        Name().Match(Path.GetFileName(path)) is { Success: true } match
            ? $"by its name it is one of {match.Groups["count"].Value.TrimStart('0')} files, which are not read: {Remedy}"
            : null;

    [GeneratedRegex(@"-[0-9]{5}-of-(?<count>[0-9]{5})\.gguf\z", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase)]
    private static partial Regex Name();
}
