using LoRi.Models.Sequences;

namespace LoRi.Training.Methods.Coconut;

/// <summary>The text of a row: <c>question "\n"</c>, every step with <c>"\n"</c>, <c>"### " answer EOS</c>.</summary>
internal static class CoconutForm
{
    /// <summary>The form.</summary>
    public static SequenceForm Value { get; } = new() { Name = "coconut", AfterQuestion = "\n", AfterStep = "\n", BeforeAnswer = "### " };
}
