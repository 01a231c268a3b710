namespace LoRi.Files.Disk;

/// <summary>
/// A lock file: whoever has it open alone may do what it stands for. It is free again when it is closed, or when the program ends however
/// it ends; the empty file stays, since one that is removed could be locked by two programs, each in a file of its own.
/// </summary>
internal static class FileLock
{
    private static readonly TimeSpan pause = TimeSpan.FromMilliseconds(200);

    /// <summary>Waits for the lock; it is free again when the result is disposed.</summary>
    /// <param name="path">The file; its folder is made where there is none.</param>
    /// <param name="note">Told once what is waited for, where it is not free.</param>
    /// <param name="meanwhile">What another program does that has it.</param>
    /// <param name="longest">How long to wait; left out, without an end.</param>
    /// <param name="stop">Asks not to wait any longer.</param>
    /// <exception cref="IOException">The file cannot be written, or another program has had it for too long.</exception>
    /// <exception cref="UnauthorizedAccessException">The file cannot be written.</exception>
    /// <exception cref="OperationCanceledException">It was asked not to wait any longer.</exception>
    public static IDisposable Wait(
        string path, Action<string> note, string meanwhile, TimeSpan? longest = null, CancellationToken stop = default)
    {
        AtomicFile.CreateFolder(Path.GetDirectoryName(path)!);
        for (var waited = TimeSpan.Zero; ; waited += pause)
        {
            if (TryOpen(path, giveUp: waited >= longest) is { } held)
            {
                return held;
            }

            if (waited == TimeSpan.Zero)
            {
                note($"{meanwhile}; waiting for {path}");
            }

            stop.WaitHandle.WaitOne(pause);
            stop.ThrowIfCancellationRequested();
        }
    }

    /// <summary>The lock; null where another program, or another thread, has it.</summary>
    /// <param name="path">The file; its folder is there.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The file cannot be written.</exception>
    public static IDisposable? TryOpen(string path) => TryOpen(path, giveUp: false);

    /// <summary>
    /// Whether locks keep other programs of this machine out: not on some network folders, where every program gets the lock. Those of
    /// other machines cannot be seen from here.
    /// </summary>
    /// <param name="path">A file that this program has locked.</param>
    public static bool KeepsOthersOut(string path)
    {
        using var again = TryOpen(path);
        return again is null;
    }

    private static FileStream? TryOpen(string path, bool giveUp)
    {
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e) when (IsTaken(e) && !giveUp)
        {
            return null;
        }
    }

    /// <summary>EWOULDBLOCK of Linux or of BSD and macOS, or Windows' sharing violation.</summary>
    private static bool IsTaken(IOException e) => e.HResult is 11 or 35 or unchecked((int)0x80070020);
}
