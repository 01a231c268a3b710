using LoRi.Files.Disk;

namespace LoRi.Files.Hub;

/// <summary>A folder that gets the files under their names. What is there already counts only where it hashes to what is listed.</summary>
internal sealed class PlainFolder(string folder) : IDownloadTarget
{
    /// <inheritdoc/>
    public string Folder { get; } = Path.GetFullPath(folder);

    /// <inheritdoc/>
    public bool TryUse(RemoteFile file)
    {
        var path = PathOf(file);
        return FileActions.On(path, () => File.Exists(path) && BlobHash.IsOf(path, file));
    }

    /// <inheritdoc/>
    public string PartialPath(RemoteFile file) => $"{PathOf(file)}.{file.Hash[..8]}{PartialFile.Ending}";

    /// <inheritdoc/>
    public IDisposable Lock(RemoteFile file, Action<string> note)
    {
        // Whoever collects the file has it open alone.
        AtomicFile.CreateFolder(Path.GetDirectoryName(PathOf(file))!);
        return Stream.Null;
    }

    /// <inheritdoc/>
    public void Place(RemoteFile file) => FileActions.Rename(PartialPath(file), PathOf(file));

    /// <inheritdoc/>
    public void Finish()
    {
    }

    private string PathOf(RemoteFile file) => Path.Combine(Folder, file.Path.Replace('/', Path.DirectorySeparatorChar));
}
