using LoRi.Models.Reasoning;
using LoRi.Runs.Settings;
using LoRi.Training.Methods;
using LoRi.Training.Methods.Codi;
using LoRi.Training.Methods.CotSft;
using LoRi.Training.Methods.LatentCrossEntropy;
using LoRi.Training.Methods.NoCot;

namespace LoRi.Runs.Training;

/// <summary>From settings to a method.</summary>
internal static class MethodFactory
{
    /// <summary>The method with its options.</summary>
    public static MethodPlan Plan(RunSettings settings)
    {
        var (latent, options) = (settings.Latent, settings.LoRi);
        var name = settings.Command == "teach" ? MethodNames.Teacher : latent.Method;
        var sequential = new SequentialReasoning(latent.LatentSteps);
        return name switch
        {
            MethodNames.Teacher => new OneStage(MethodNames.Of(name), PlainReasoning.Explicit, new ExplicitObjective()),
            MethodNames.LoRi => new LoRiPlan(settings),
            MethodNames.NoCot => new OneStage(MethodNames.Of(name), PlainReasoning.Direct, new DirectObjective(latent.Grade)),
            MethodNames.LatentCe => new OneStage(MethodNames.Of(name), sequential, new LatentObjective(latent.LatentSteps, latent.Grade)),
            MethodNames.Codi => new OneStage(
                MethodNames.Of(name), sequential, new CodiObjective(latent.LatentSteps, distillationWeight: options.Weights.Anchor, teacherWeight: 1, latent.Grade)),
            var other => throw new InvalidOperationException($"invariant: the method {other} was not checked"),
        };
    }
}
