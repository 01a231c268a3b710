using LoRi.Files.Settings;
using LoRi.Models.Reasoning;

namespace LoRi.Training.Methods.LatentCrossEntropy;

/// <summary>Latent steps trained by the answer's cross-entropy alone: LoRi without its teacher.</summary>
internal sealed class LatentCrossEntropyMethod : IMethod
{
    /// <inheritdoc/>
    public MethodFacts About { get; } = new("latent-ce", "latent steps trained by the answer's cross-entropy alone")
    {
        Explanation = "takes latent steps, and learns from the answer alone: what room for computation gives by itself",
        TakesLatentSteps = true,
        Settings = SharedSettings.OfLatents,
        Rules = SharedSettings.Rules,
    };

    /// <inheritdoc/>
    public MethodPlan Plan(SettingValues values)
    {
        ArgumentNullException.ThrowIfNull(values);
        var steps = values.Get(SharedSettings.LatentSteps);
        return new OneStage(About, new SequentialReasoning(steps), new LatentObjective(steps, values.Get(RowSettings.Grade)));
    }
}
