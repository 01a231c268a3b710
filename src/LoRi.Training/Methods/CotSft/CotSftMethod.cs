using LoRi.Files.Settings;
using LoRi.Models.Reasoning;

namespace LoRi.Training.Methods.CotSft;

/// <summary>CoT-SFT: the explicit chain of thought, the teacher of all others.</summary>
internal sealed class CotSftMethod : IMethod
{
    /// <inheritdoc/>
    public MethodFacts About { get; } = new("cot", "the explicit chain of thought")
    {
        Explanation = "writes its chain of thought, then the answer: the upper line of a comparison",
        IsStudent = false,
        ReadsChain = true,
        Settings = [TextForms.Form],
    };

    /// <inheritdoc/>
    public MethodPlan Plan(SettingValues values)
    {
        ArgumentNullException.ThrowIfNull(values);
        return new OneStage(About, PlainReasoning.Explicit, new ExplicitObjective()) { Text = TextForms.Of(values.Get(TextForms.Form)) };
    }
}
