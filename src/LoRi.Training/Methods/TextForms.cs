using LoRi.Files.Settings;
using LoRi.Models.Sequences;

namespace LoRi.Training.Methods;

/// <summary>How published methods write a row, by name.</summary>
internal enum TextForm
{
    /// <summary>The question, the rationale as the data write it, the answer prefix, the answer.</summary>
    Plain,

    /// <summary>Coconut's: <c>question "\n"</c>, every step with <c>"\n"</c>, <c>"### " answer EOS</c>.</summary>
    Coconut,

    /// <summary>iCoT's, in both of its methods: <c>" " question " " EOS " " chain " " EOS " #### " answer " " EOS</c>.</summary>
    Icot,
}

/// <summary>The forms that methods and their teachers are trained in.</summary>
internal static class TextForms
{
    /// <summary>The form of a teacher.</summary>
    public static readonly Setting<TextForm> Form = new(
        "form", "name", Forms.Choice<TextForm>(), TextForm.Plain,
        "how a row is written, as the method needs it that this teaches: {choices}")
    {
        Group = SettingGroups.Model,
    };

    /// <summary>Coconut's.</summary>
    public static SequenceForm Coconut { get; } = new() { Name = "coconut", AfterQuestion = "\n", AfterStep = "\n", BeforeAnswer = "### " };

    /// <summary>iCoT's.</summary>
    public static SequenceForm Icot { get; } = new()
    {
        Name = "icot",
        BeforeQuestion = " ",
        AfterQuestion = " ",
        EndAfterQuestion = true,
        AroundRationale = " ",
        EndAfterRationale = true,
        BeforeAnswer = " #### ",
        AfterAnswer = " ",
    };

    /// <summary>The form of a name.</summary>
    public static SequenceForm Of(TextForm form) => form switch
    {
        TextForm.Coconut => Coconut,
        TextForm.Icot => Icot,
        _ => SequenceForm.Plain,
    };
}
