namespace LoRi.Files.Data;

/// <summary>A row of a data file that is not yet known to be good.</summary>
/// <param name="Place">Where it is: <c>line 12</c>, <c>entry 3</c>.</param>
/// <param name="Number">Its number in the file, from 1.</param>
/// <param name="Read">Makes the example of the row, given the name that it has where the data set gives none.</param>
internal readonly record struct DataRow(string Place, long Number, Func<string, ReasoningExample> Read);

/// <summary>Why one row cannot be read; the place is added where it is known.</summary>
internal sealed class BadRowException : Exception
{
    internal BadRowException(string message)
        : base(message)
    {
    }

    internal BadRowException(string message, Exception cause)
        : base(message, cause)
    {
    }
}
