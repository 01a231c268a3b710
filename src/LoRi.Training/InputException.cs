namespace LoRi.Training;

/// <summary>
/// Something outside the program is wrong: a file, an option, a value in a data set. The message is one line that
/// names what was being read, what was found there and what to do; it is shown to the user as it is.
/// </summary>
public sealed class InputException : Exception
{
    /// <summary>An error with the whole story in <paramref name="message"/>.</summary>
    public InputException(string message)
        : base(message)
    {
    }

    /// <summary>An error that another one caused; the cause is shown with <c>--verbose</c> only.</summary>
    public InputException(string message, Exception cause)
        : base(message, cause)
    {
    }
}
