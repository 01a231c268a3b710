using System.Text.Json;
using LoRi.Files.Text;

namespace LoRi.Files.Hub;

/// <summary>The files of one commit of a repository. Everything in it comes from a server and is checked here.</summary>
/// <param name="Commit">The commit, 40 hexadecimal digits.</param>
/// <param name="Files">Its files.</param>
internal sealed record RepositoryListing(string Commit, IReadOnlyList<RemoteFile> Files)
{
    private const int MostFiles = 1_000_000;

    /// <summary>Reads what the server says of a repository.</summary>
    /// <param name="json">The answer.</param>
    /// <param name="source">Where it came from, for messages.</param>
    public static RepositoryListing Parse(byte[] json, string source)
    {
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 64 });
            return Read(document.RootElement, source);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new InputException(
                $"{source}: the answer is not the JSON that a Hub sends; check HF_ENDPOINT and the connection (a log-in page of the "
                + "network?)", e);
        }
    }

    private static RepositoryListing Read(JsonElement root, string source)
    {
        if (root.ValueKind != JsonValueKind.Object || Text(root, "sha") is not { Length: 40 } commit || !RemoteFile.IsHash(commit)
            || !root.TryGetProperty("siblings", out var siblings) || siblings.ValueKind != JsonValueKind.Array)
        {
            throw new InputException($"{source}: the answer names no commit (sha) and files (siblings); check HF_ENDPOINT");
        }

        if (siblings.GetArrayLength() > MostFiles)
        {
            throw new InputException(
                $"{source}: {siblings.GetArrayLength()} files are more than the {MostFiles} that are accepted; choose another repository");
        }

        var names = new HashSet<string>(OperatingSystem.IsLinux() ? StringComparer.Ordinal : StringComparer.OrdinalIgnoreCase);
        RemoteFile[] files = [.. siblings.EnumerateArray().Select(sibling => File(sibling, source))];
        return files.FirstOrDefault(file => !names.Add(file.Path)) is { } twice
            ? throw new InputException($"{source}: the file {MessageText.Quote(twice.Path)} is listed twice; do not trust this repository")
            : new(commit, files);
    }

    private static RemoteFile File(JsonElement sibling, string source)
    {
        var path = (sibling.ValueKind == JsonValueKind.Object ? Text(sibling, "rfilename") : null)
            ?? throw new InputException($"{source}: a file without a name is listed; check HF_ENDPOINT");
        if (RemotePath.Problem(path) is { } problem)
        {
            throw new InputException($"{source}: the file name {MessageText.Quote(path)} {problem}; do not trust this repository");
        }

        var stored = sibling.TryGetProperty("lfs", out var lfs) && lfs.ValueKind == JsonValueKind.Object;
        var hash = stored ? Text(lfs, "sha256") ?? Text(lfs, "oid") : Text(sibling, "blobId");
        var size = Size(sibling) ?? (stored ? Size(lfs) : null);
        return size is long bytes && RemoteFile.IsHash(hash) && (!stored || hash!.Length == 64)
            ? new(path, bytes, hash!)
            : throw new InputException(
                $"{source}: no valid size and hash are listed for {MessageText.Quote(path)}, so that it could not be checked; use an "
                + "endpoint that lists them");
    }

    private static string? Text(JsonElement from, string name) =>
        from.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static long? Size(JsonElement from) =>
        from.TryGetProperty("size", out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var size)
            && size >= 0 ? size : null;
}
