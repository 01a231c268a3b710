namespace LoRi.Files.Disk;

/// <summary>
/// A lock file: whoever has it open alone may do what it stands for. It is free again when it is closed, or when the program ends however it
/// ends; the empty file stays, since one that is removed could be locked by two programs, each in a file of its own.
/// </summary>
internal static class FileLock
{
    private static readonly TimeSpan pause = TimeSpan.FromMilliseconds(200);

    /// <summary>Waits for the lock; it is free again when the result is disposed.</summary>
    /// <param name="path">The file; its folder is made where there is none.</param>
    /// <param name="note">Told once what is waited for, where it is not free.</param>
    /// <param name="meanwhile">What another program does that has it.</param>
    /// <param name="longest">How long to wait; left out, without an end.</param>
    /// <exception cref="IOException">The file cannot be written, or another program has had it for too long.</exception>
    /// <exception cref="UnauthorizedAccessException">The file cannot be written.</exception>
    public static IDisposable Wait(string path, Action<string> note, string meanwhile, TimeSpan? longest = null)
    {
        AtomicFile.CreateFolder(Path.GetDirectoryName(path)!);
        for (var waited = TimeSpan.Zero; ; waited += pause)
        {
            try
            {
                return Open(path);
            }
            catch (IOException e) when (IsTaken(e) && (longest is null || waited < longest))
            {
                if (waited == TimeSpan.Zero)
                {
                    note($"{meanwhile}; waiting for {path}");
                }

                Thread.Sleep(pause);
            }
        }
    }

    /// <summary>Whether locks keep others out there: not on some network folders, where every program gets the lock.</summary>
    /// <param name="path">A file that this program has locked.</param>
    public static bool KeepsOthersOut(string path)
    {
        try
        {
            Open(path).Dispose();
            return false;
        }
        catch (IOException e) when (IsTaken(e))
        {
            return true;
        }
    }

    private static FileStream Open(string path) => new(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);

    /// <summary>EWOULDBLOCK of Linux or of BSD and macOS, or Windows' sharing violation.</summary>
    private static bool IsTaken(IOException e) => e.HResult is 11 or 35 or unchecked((int)0x80070020);
}
