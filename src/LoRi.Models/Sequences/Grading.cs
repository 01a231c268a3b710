namespace LoRi.Models.Sequences;

/// <summary>Which part of the student's answer segment is graded.</summary>
public enum Grading
{
    /// <summary>Answer and end of sequence.</summary>
    Answer,

    /// <summary>The answer prefix as well, as CODI does.</summary>
    PrefixAndAnswer,
}
