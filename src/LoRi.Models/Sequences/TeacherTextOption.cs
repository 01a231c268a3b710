namespace LoRi.Models.Sequences;

/// <summary>How much of the rationale the teacher reads.</summary>
public enum TeacherTextOption
{
    /// <summary>All of it.</summary>
    Full,

    /// <summary>All but the last step, as CODI's teachers.</summary>
    WithoutLastStep,
}
