using LoRi.Files.Settings;
using LoRi.Models.Sequences;

namespace LoRi.Training.Methods;

/// <summary>How rows become ids: what a teacher and its students share.</summary>
public static class RowSettings
{
    /// <summary>The text before the answer; left out, the one that the teacher was trained with, else the usual one.</summary>
    public static readonly Setting<string?> AnswerPrefix = new("answer_prefix", "text", Forms.Words!, null, "text before the answer")
    {
        Group = SettingGroups.Model,
        DefaultText = "The answer is:",
    };

    /// <summary>The tokens that the task loss counts.</summary>
    public static readonly Setting<Grading> Grade =
        new("grade", "tokens", Forms.Choice<Grading>(), Grading.Answer, "graded tokens: {choices}") { Group = SettingGroups.Model };

    /// <summary>How much of the rationale the teacher reads.</summary>
    public static readonly Setting<TeacherTextOption> TeacherText = new(
        "teacher_text", "choice", Forms.Choice<TeacherTextOption>(), TeacherTextOption.Full, "rationale as the teacher reads it: {choices}")
    { Group = SettingGroups.Model };
}
