namespace LoRi.Files.Hub;

/// <summary>Where the files of a download come to lie.</summary>
internal interface IDownloadTarget
{
    /// <summary>The folder with all files under their names.</summary>
    string Folder { get; }

    /// <summary>Whether the file is in place already; it is put there where its content lies elsewhere in the target.</summary>
    bool TryUse(RemoteFile file);

    /// <summary>Where the file is to be collected.</summary>
    string PartialPath(RemoteFile file);

    /// <summary>Keeps other programs from fetching the same file until it is disposed, and makes the folder for it.</summary>
    IDisposable Lock(RemoteFile file, Action<string> note);

    /// <summary>Puts a collected and checked file into place.</summary>
    void Place(RemoteFile file);

    /// <summary>All files are in place.</summary>
    void Finish();
}
