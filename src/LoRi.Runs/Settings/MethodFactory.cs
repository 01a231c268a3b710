using LoRi.Training.Methods;
using LoRi.Training.Methods.Codi;
using LoRi.Training.Methods.LatentCrossEntropy;
using LoRi.Training.Methods.LoRi;
using LoRi.Training.Methods.NoCot;

namespace LoRi.Runs.Settings;

/// <summary>From settings to a method.</summary>
public static class MethodFactory
{
    /// <summary>The student's method; <paramref name="teacher"/> is what LoRi's frozen teacher left behind.</summary>
    public static ITrainingMethod Create(RunSettings settings, LoRiTeacher? teacher)
    {
        var (latent, options) = (settings.Latent, settings.LoRi);
        return latent.Method switch
        {
            MethodNames.LoRi => new LoRiMethod(
                teacher ?? throw new InvalidOperationException("invariant: LoRi without its teacher's targets"),
                options.Weights,
                latent.LatentSteps,
                latent.Grade),
            MethodNames.NoCot => new NoCotMethod(latent.Grade),
            MethodNames.LatentCe => new LatentCrossEntropyMethod(latent.LatentSteps, latent.Grade),
            MethodNames.Codi => new CodiMethod(latent.LatentSteps, distillationWeight: options.Weights.Anchor, teacherWeight: 1, latent.Grade),
            var other => throw new InvalidOperationException($"invariant: the method {other} was not checked"),
        };
    }
}
