using LoRi.Files.Settings;
using LoRi.Models.Reasoning;

namespace LoRi.Training.Methods.Kava;

/// <summary>KaVa: PCCoT whose latent steps are compared with the keys and values of the chain. See <see cref="KavaObjective"/>.</summary>
internal sealed class KavaMethod : IMethod
{
    /// <inheritdoc/>
    public MethodFacts About { get; } = new("kava", "latent steps pulled to the keys and values of the chain")
    {
        Explanation = "takes latent steps side by side; the keys and values of each are pulled to those of a token of the written chain",
        TakesLatentSteps = true,
        ReadsChain = true,
        PairsChain = true,
        TracesChain = true,
        NeedsRationale = true,
        Settings = [.. SharedSettings.OfLatents, SharedSettings.Sweeps, SharedSettings.LambdaAnchor, SharedSettings.AnchorUnit,
            .. KavaSettings.All],
        Rules = [.. SharedSettings.Rules, .. KavaSettings.Rules],
    };

    /// <inheritdoc/>
    public Setting? UndividedBy(SettingValues values)
    {
        ArgumentNullException.ThrowIfNull(values);
        return values.Get(KavaSettings.ByDeviation) ? KavaSettings.ByDeviation
            : UnitOf(values) != AnchorUnit.None ? SharedSettings.AnchorUnit
            : null;
    }

    /// <inheritdoc/>
    public MethodPlan Plan(SettingValues values)
    {
        ArgumentNullException.ThrowIfNull(values);
        var reasoning = new JacobiReasoning(values.Get(SharedSettings.LatentSteps), values.Get(SharedSettings.Sweeps));
        var distance = new CacheDistance(values.Get(KavaSettings.Norm), values.Get(KavaSettings.ByDeviation));
        var cache = new CacheMatching(values.Get(KavaSettings.Weight), values.Get(KavaSettings.Importance), values.Get(KavaSettings.Keys),
            distance);
        var anchors = new AnchorDistance(1, values.Get(KavaSettings.Anchor), UnitOf(values));
        var objective = new KavaObjective(reasoning, anchors, values.Get(SharedSettings.LambdaAnchor), cache,
            values.Get(RowSettings.Grade));
        return new OneStage(About, reasoning, objective) { Rows = new MarkerRows(Latent: true) };
    }

    private static AnchorUnit UnitOf(SettingValues values) => values.Get(SharedSettings.AnchorUnit) ?? AnchorUnit.None;
}
