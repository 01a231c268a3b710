using LoRi.Files.Text;

namespace LoRi.Files;

/// <summary>
/// Something outside the program is wrong: a file, an option, a value in a data set. The message is one line that
/// names what was being read, what was found there and what to do; it is shown to the user as it is. What it quotes may come
/// from hostile files: control characters are shown as escapes, and the middle of a very long message is left out.
/// </summary>
public class InputException : Exception
{
    /// <summary>An error with the whole story in <paramref name="message"/>.</summary>
    /// <param name="message">One line that names the file, line or option, what was found, and what to do.</param>
    public InputException(string message)
        : base(MessageText.OneLine(message))
    {
    }

    /// <summary>An error that another one caused; the cause is shown with <c>--verbose</c> only.</summary>
    /// <param name="message">One line that names the file, line or option, what was found, and what to do.</param>
    /// <param name="cause">The error that led to this one.</param>
    public InputException(string message, Exception cause)
        : base(MessageText.OneLine(message), cause)
    {
    }
}
