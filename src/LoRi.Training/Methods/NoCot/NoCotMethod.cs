using LoRi.Files.Settings;
using LoRi.Models.Reasoning;

namespace LoRi.Training.Methods.NoCot;

/// <summary>No-CoT: question to answer, no rationale and no latents. The lower bound of every comparison.</summary>
internal sealed class NoCotMethod : IMethod
{
    /// <inheritdoc/>
    public MethodFacts About { get; } = new("no-cot", "answers without a chain of thought")
    {
        Explanation = "answers at once, without a chain and without latent steps: the lower line of a comparison",
    };

    /// <inheritdoc/>
    public MethodPlan Plan(SettingValues values)
    {
        ArgumentNullException.ThrowIfNull(values);
        return new OneStage(About, PlainReasoning.Direct, new DirectObjective(values.Get(RowSettings.Grade)));
    }
}
