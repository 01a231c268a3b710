namespace LoRi.Files.Data;

/// <summary>Why a Parquet file cannot be read; the file is added where it is known.</summary>
/// <param name="message">What is wrong with it, as the end of a sentence about the file.</param>
/// <param name="sound">Whether it is a file that others can read.</param>
internal sealed class BadParquetException(string message, bool sound = false) : Exception(message)
{
    /// <summary>Whether the file may be sound, and only its form is not read here.</summary>
    public bool IsSound => sound;
}
