using LoRi.Files.Text;

namespace LoRi.Files.Data;

/// <summary>In which form an evaluation asks a question.</summary>
public enum QuestionText
{
    /// <summary>As the data set has it, without white space at its edges; as training reads it.</summary>
    AsIs,

    /// <summary>As CODI's evaluation asks it: white space at the edges removed, then, in one pass, two spaces made one.</summary>
    Codi,
}

/// <summary>Brings questions into the form in which they are asked.</summary>
internal static class QuestionTexts
{
    /// <summary>The question in a form.</summary>
    public static string Of(QuestionText form, string question)
    {
        ArgumentNullException.ThrowIfNull(question);
        return form == QuestionText.Codi ? PythonText.Strip(question).Replace("  ", " ", StringComparison.Ordinal) : question;
    }
}
