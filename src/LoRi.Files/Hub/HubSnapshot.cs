using LoRi.Files.Safetensors;

namespace LoRi.Files.Hub;

/// <summary>Folders that a download was to fill and did not, because it was stopped or fetched some of the files only.</summary>
internal static class HubSnapshot
{
    private const string Models = "models--", Snapshots = "snapshots", Config = "config.json";

    private static readonly string[] Read = [".json", ".safetensors", ".gguf", ".jinja"];

    /// <summary>Refuses a model's folder that is known to come from a download and lacks its configuration or weights.</summary>
    /// <exception cref="InputException">Something is missing; the message says how to continue.</exception>
    public static void CheckModel(string folder)
    {
        CheckLinks(folder);
        if (Directory.Exists(folder) && MissingOf(folder) is { } missing && Unfinished(folder, missing) is { } unfinished)
        {
            throw unfinished;
        }
    }

    /// <summary>
    /// Refuses a folder in which a link to a file that would be read leads nowhere: the Hub's tools link before all has arrived.
    /// </summary>
    /// <exception cref="InputException">There is such a link, and the folder comes from a download.</exception>
    public static void CheckLinks(string folder)
    {
        var dangling = Directory.Exists(folder)
            ? Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal)
                .FirstOrDefault(file => Read.Contains(Path.GetExtension(file)) && !IsThere(file))
            : null;
        if (dangling is not null && Unfinished(folder, Path.GetFileName(dangling)) is { } unfinished)
        {
            throw unfinished;
        }
    }

    /// <summary>
    /// The error for a folder that lacks a file because a download was not finished; null where the folder comes from none.
    /// </summary>
    /// <param name="folder">The folder.</param>
    /// <param name="missing">What is missing.</param>
    public static InputException? Unfinished(string folder, string missing)
    {
        if (NameOf(folder) is { } name)
        {
            return new InputException(
                $"{folder}: the download of {name} is not complete, {missing} is missing; `lori download {name}` resumes it");
        }

        var begun = Directory.Exists(folder)
            ? Directory.EnumerateFiles(folder, "*" + PartialFile.Ending).Order(StringComparer.Ordinal).FirstOrDefault()
            : null;
        return begun is null ? null
            : new InputException(
                $"{folder}: a download into it is not complete, {missing} is missing ({Path.GetFileName(begun)} was begun); the same `lori "
                + "download` resumes it");
    }

    /// <summary><c>OWNER/NAME</c> of a snapshot in a cache of the Hub's tools; null for other folders.</summary>
    private static string? NameOf(string folder)
    {
        var snapshots = Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)));
        var repository = Path.GetFileName(Path.GetDirectoryName(snapshots)) ?? string.Empty;
        var name = repository.StartsWith(Models, StringComparison.Ordinal)
            ? repository[Models.Length..].Replace("--", "/", StringComparison.Ordinal)
            : string.Empty;
        return Path.GetFileName(snapshots) == Snapshots && RepositoryId.IsName(name) ? name : null;
    }

    /// <summary>Whether there is a file at the end of a path's links; that there is a link is not enough.</summary>
    private static bool IsThere(string file) => File.ResolveLinkTarget(file, returnFinalTarget: true)?.Exists ?? File.Exists(file);

    /// <summary>The first file that a model needs and that is not there.</summary>
    private static string? MissingOf(string folder)
    {
        if (!ShardedWriter.IsIn(folder) && Directory.GetFiles(folder, "*.gguf").Length > 0)
        {
            return null;
        }

        var index = Path.Combine(folder, ShardedWriter.IndexName);
        return !File.Exists(Path.Combine(folder, Config)) ? Config
            : File.Exists(Path.Combine(folder, ShardedWriter.SingleName)) ? null
            : !File.Exists(index) ? ShardedWriter.SingleName
            : ShardIndex.Read(index).Shards.FirstOrDefault(shard => !File.Exists(Path.Combine(folder, shard)));
    }
}
