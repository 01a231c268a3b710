using System.Text.RegularExpressions;
using LoRi.Files.Hub;

namespace LoRi.Files.Data;

/// <summary>
/// What a name of data stands for: a file, or, where there is none of that name, the files of a data set that was fetched from the Hub:
/// <c>OWNER/NAME</c>, or <c>OWNER/NAME/START</c> for those whose paths in it begin so. No network is used.
/// </summary>
public static partial class DataFiles
{
    private const int MostNamed = 6;

    private static readonly string[] Endings = [".parquet", ".jsonl", ".json", ".txt", ".xml"];

    /// <summary>The data set that a text could name; null where it could name none, or names a file.</summary>
    private static string? Repository(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        var parts = path.Split('/');
        return parts.Length >= 2 && !Path.Exists(path) && parts.Skip(2).All(part => part is not ".." and not ".")
            && !Endings.Contains(Path.GetExtension(path)) && RepositoryId.IsName($"{parts[0]}/{parts[1]}")
                ? $"{parts[0]}/{parts[1]}"
                : null;
    }

    /// <summary>What would bring a data set that is not there, as the end of a sentence; nothing where the text names none.</summary>
    /// <param name="path">What was asked for as data: a path, or <c>OWNER/NAME</c> of a data set on the Hub.</param>
    public static string Hint(string path) =>
        Repository(path) is { } name ? $"; `lori download {name} --repo-type dataset` would fetch it from the Hub" : "";

    /// <summary>The files; the path itself where it is one, or names no data set that is there.</summary>
    /// <param name="path">A file, or <c>OWNER/NAME/START</c>: the files of a fetched data set whose names begin so.</param>
    /// <returns>The shards of one split, in the order of their names.</returns>
    /// <exception cref="InputException">The data set has no file of that name, or files that do not belong together.</exception>
    public static IReadOnlyList<string> Of(string path) =>
        Repository(path) is { } name ? Fetched(path, name, HubOptions.FromEnvironment().CacheFolder) : [path];

    /// <summary>The files of a name that a data set has, in a cache.</summary>
    internal static IReadOnlyList<string> Fetched(string path, string name, string cache)
    {
        if (HubCache.FindSnapshot(cache, RepositoryId.Parse(RepositoryKind.Dataset, name)) is not { } folder)
        {
            return [path];
        }

        var start = path[name.Length..].TrimStart('/');
        var all = FileActions.On(folder, () => Directory.GetFiles(folder, "*", SearchOption.AllDirectories))
            .Select(file => Path.GetRelativePath(folder, file).Replace('\\', '/'))
            .Where(file =>
                Endings.Contains(Path.GetExtension(file)) && !Path.GetFileName(file).StartsWith("dataset_", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .ToArray();
        string[] chosen = [.. all.Where(file => file.StartsWith(start, StringComparison.Ordinal))];
        return chosen.Select(Stem).Distinct().Count() == 1
            ? [.. chosen.Select(file => Path.Combine(folder, file))]
            : throw new InputException(
                chosen.Length == 0
                    ? $"{path}: has no such file of rows; {Choices(name, all)}"
                    : $"{path}: has several; {Choices(name, chosen)}");
    }

    private static string Choices(string name, string[] files)
    {
        string[] stems = [.. files.Select(Stem).Distinct().Select(stem => $"{name}/{stem}")];
        return stems.Length == 0
            ? $"there is none at all in what was fetched of {name}; fetch it again with `lori download {name} --repo-type dataset`"
            : "name one of "
                + string.Join(", ", stems.Take(MostNamed)) + (stems.Length > MostNamed ? $" and {stems.Length - MostNamed} more" : "");
    }

    /// <summary>The path without its ending and the number of the shard, which is what the shards of one split share.</summary>
    private static string Stem(string file) => Shard().Replace(Path.ChangeExtension(file, null), "");

    [GeneratedRegex(@"-[0-9]{5}-of-[0-9]{5}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Shard();
}
