namespace LoRi.Training.Data;

/// <summary>The path of a file with rows.</summary>
internal static class DataPath
{
    /// <summary>Refuses what is no file.</summary>
    /// <exception cref="InputException">There is nothing there, or a folder.</exception>
    internal static void Check(string path)
    {
        if (!File.Exists(path))
        {
            throw new InputException(Directory.Exists(path)
                ? $"{path}: is a folder where a file is needed; name the files in it"
                : $"{path}: there is no such file; check the path");
        }
    }

    /// <summary>Refuses what cannot be read twice, such as a pipe, for readers that do so.</summary>
    /// <exception cref="InputException">There is nothing there, or what is there is no regular file or may not be read.</exception>
    internal static void CheckRegular(string path)
    {
        Check(path);
        try
        {
            using var stream = File.OpenRead(path);
            if (!stream.CanSeek)
            {
                throw new InputException($"{path}: is not a regular file; write it to a file first");
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: cannot be read ({e.Message}); check the file and its permissions", e);
        }
    }
}
