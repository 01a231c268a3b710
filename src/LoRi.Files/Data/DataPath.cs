namespace LoRi.Files.Data;

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
                : $"{path}: there is no such file; check the path{DataFiles.Hint(path)}");
        }
    }
}
