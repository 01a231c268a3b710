namespace LoRi.Files.Disk;

/// <summary>A text file that grows by lines, each given to the system at once; what goes wrong is one line for the user.</summary>
internal static class AppendedFile
{
    /// <summary>Opens a file for appending.</summary>
    /// <exception cref="InputException">It cannot be opened.</exception>
    public static StreamWriter Open(string path)
    {
        try
        {
            return new StreamWriter(path, append: true) { AutoFlush = true, NewLine = "\n" };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Failed(path, e);
        }
    }

    /// <summary>Appends a line.</summary>
    /// <exception cref="InputException">The disk is full, or the file went away.</exception>
    public static void Write(StreamWriter file, string path, string line, Func<string>? goOn = null) =>
        Try(path, () => file.WriteLine(line), goOn);

    /// <summary>Makes sure that all lines so far survive a loss of power.</summary>
    public static void FlushToDisk(StreamWriter file, string path) =>
        Try(path, () => (file.BaseStream as FileStream)?.Flush(flushToDisk: true));

    /// <summary>Closes the file; what could not be written was reported when it was to be written.</summary>
    public static void Close(StreamWriter? file)
    {
        try
        {
            file?.Dispose();
        }
        catch (IOException)
        {
        }
    }

    private static void Try(string path, Action work, Func<string>? goOn = null)
    {
        try
        {
            work();
        }
        catch (IOException e)
        {
            throw Failed(path, e, goOn);
        }
    }

    private static InputException Failed(string path, Exception e, Func<string>? goOn = null) =>
        new($"{path}: cannot be written ({e.Message}); check the free space and the "
            + $"permissions; {goOn?.Invoke() ?? "then --resume continues from the last checkpoint"}", e);
}
