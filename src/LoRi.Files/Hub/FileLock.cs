using LoRi.Files.Disk;

namespace LoRi.Files.Hub;

/// <summary>A lock file, as the Hub's other tools use them: whoever has it open alone may fetch what it stands for.</summary>
internal static class FileLock
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200), LongestWait = TimeSpan.FromHours(1);

    /// <summary>Waits for the lock; it is free again when the result is disposed, or when the program ends.</summary>
    /// <exception cref="InputException">Another program has held it for too long, or the file cannot be written.</exception>
    public static IDisposable Wait(string path, Action<string> note)
    {
        AtomicFile.CreateFolder(Path.GetDirectoryName(path)!);
        for (var waited = TimeSpan.Zero; ; waited += Pause)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (File.Exists(path) && waited < LongestWait)
            {
                if (waited == TimeSpan.Zero)
                {
                    note($"another program is fetching the same file; waiting for {path}");
                }

                Thread.Sleep(Pause);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new InputException(
                    $"{path}: cannot be locked ({e.Message}); check the folder's permissions, and that no other program hangs while it "
                    + "fetches", e);
            }
        }
    }
}
