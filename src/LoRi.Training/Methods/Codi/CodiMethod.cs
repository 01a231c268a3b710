using LoRi.Files.Settings;
using LoRi.Models.Reasoning;

namespace LoRi.Training.Methods.Codi;

/// <summary>CODI: self-distillation in one model. See <see cref="CodiObjective"/>.</summary>
internal sealed class CodiMethod : IMethod
{
    /// <inheritdoc/>
    public MethodFacts About { get; } = new("codi", "self-distillation of the state before the answer")
    {
        Explanation = "takes latent steps; the states just before its answer are pulled to those that it has after writing the chain",
        TakesLatentSteps = true,
        ReadsChain = true,
        PairsChain = true,
        ScalesByBatch = true,
        Settings = [.. SharedSettings.OfLatents, SharedSettings.LambdaAnchor],
        Rules = SharedSettings.Rules,

        // Rows V, V + 1, V + 2 are padding, begin and end; adapters are stored beside the weights, the projection as a Sequential.
        Published = new("codi.base_model.model.", 6, steps => new SequentialReasoning(steps))
        {
            PlainPrefix = "codi.",
            Start = 1,
            End = 2,
            AnswerPrefix = "The answer is:",
            Projection = "prj.",
        },
    };

    /// <inheritdoc/>
    public MethodPlan Plan(SettingValues values)
    {
        ArgumentNullException.ThrowIfNull(values);
        var steps = values.Get(SharedSettings.LatentSteps);
        var objective = new CodiObjective(steps, distillationWeight: values.Get(SharedSettings.LambdaAnchor), teacherWeight: 1,
            values.Get(RowSettings.Grade));
        return new OneStage(About, new SequentialReasoning(steps), objective);
    }
}
