using LoRi.Files.Settings;
using LoRi.Models.Reasoning;
using LoRi.Models.Sequences;

namespace LoRi.Training.Methods.Pccot;

/// <summary>PCCoT: CODI with latent steps side by side. See <see cref="PccotObjective"/>.</summary>
internal sealed class PccotMethod : IMethod
{
    /// <summary>The steps of a rationale follow each other without anything between them.</summary>
    private static readonly SequenceForm Form = SequenceForm.Plain with { Name = "pccot", StepSeparator = "" };

    /// <inheritdoc/>
    public MethodFacts About { get; } = new("pccot", "latent steps side by side, refined by sweeps")
    {
        Explanation = "takes latent steps side by side and refines them by sweeps; else as codi",
        TakesLatentSteps = true,
        ReadsChain = true,
        PairsChain = true,
        NeedsRationale = true,
        ScalesByBatch = true,
        Settings = [.. SharedSettings.OfLatents, SharedSettings.Sweeps, SharedSettings.LambdaAnchor, SharedSettings.AnchorUnit],
        Rules = SharedSettings.Rules,
    };

    /// <inheritdoc/>
    public MethodPlan Plan(SettingValues values)
    {
        ArgumentNullException.ThrowIfNull(values);
        var reasoning = new JacobiReasoning(values.Get(SharedSettings.LatentSteps), values.Get(SharedSettings.Sweeps));
        var unit = values.Get(SharedSettings.AnchorUnit) ?? AnchorUnit.EachLevel;
        var objective = new PccotObjective(reasoning, unit, values.Get(SharedSettings.LambdaAnchor), teacherWeight: 1,
            values.Get(RowSettings.Grade));

        // With adapters the published code trains these rows, and decays them as it does matrices.
        var rows = new MarkerRows(Latent: true) { WithEnds = true, Decay = true };
        return new OneStage(About, reasoning, objective) { Text = Form, Rows = rows };
    }
}
