using LoRi.Models.Sequences;

namespace LoRi.Training.Methods.IcotSi;

/// <summary>The text of a row: <c>" " question " " EOS " " chain " " EOS " #### " answer " " EOS</c>.</summary>
internal static class IcotSiForm
{
    /// <summary>The form.</summary>
    public static SequenceForm Value { get; } = new()
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
}
