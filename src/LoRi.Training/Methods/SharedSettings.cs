using LoRi.Files.Settings;
using LoRi.Models.Decoders;

namespace LoRi.Training.Methods;

/// <summary>Settings that several methods have.</summary>
public static class SharedSettings
{
    private const string NoLatents = "takes no latent steps";

    /// <summary>Continuous steps before the answer.</summary>
    public static readonly Setting<int> LatentSteps =
        new("latent_steps", "n", Forms.Whole(1, 4_096), 5, "continuous steps before the answer")
        {
            Group = SettingGroups.Model,
            Lacking = NoLatents,
            AsksNothing = values => values.Get(LatentSteps!) == 0,
        };

    /// <summary>The map from a final state to the next latent input.</summary>
    public static readonly Setting<ProjectionKind> Projection = new(
        "projection", "kind", Forms.Choice<ProjectionKind>(),
            ProjectionKind.Mlp, "map from a final state to the next latent input: {choices}")
    {
        Group = SettingGroups.Model,
        Lacking = NoLatents,
    };

    /// <summary>Inner width of the mlp; left out, the hidden size.</summary>
    public static readonly Setting<int?> ProjectionWidth =
        new("projection_width", "n", Forms.Whole(1, 65_536).Optional(), null, "inner width of the mlp")
        {
            Group = SettingGroups.Model,
            Lacking = NoLatents,
            DefaultText = "the hidden size",
            OnResume = OnResume.Derived,
            InForce = values => values.Get(Projection) == ProjectionKind.Mlp,
        };

    /// <summary>The weight of a term that compares the states before the answer.</summary>
    public static readonly Setting<double> LambdaAnchor = new(
        "lambda_anchor", "weight", Forms.AtLeast(0), 1, "weight of the anchor loss, and of codi's distillation loss")
    {
        Group = SettingGroups.Alignment,
        Lacking = "compares no states before the answer",
    };

    /// <summary>Sweeps over latent steps that are passed side by side.</summary>
    public static readonly Setting<int> Sweeps =
        new("sweeps", "n", Forms.Whole(1, 4_096), 3, "sweeps over latent steps that are passed side by side")
        {
            Group = SettingGroups.Model,
            Lacking = "takes its latent steps one after the other, or none",
        };

    /// <summary>What the distance of the states before the answer is divided by.</summary>
    public static readonly Setting<AnchorUnit?> AnchorUnit = new(
        "anchor_unit", "unit", Forms.Choice<AnchorUnit>().Optional(), null,
        "deviation over the batch that the anchor loss is divided by: {choices}")
    {
        Group = SettingGroups.Alignment,
        DefaultText = "the method's own",
        Lacking = "has a unit of its own",
    };

    /// <summary>When the optimizer is reset.</summary>
    public static readonly Setting<OptimizerReset> OptimizerReset = new(
        "optimizer_reset", "when", Forms.Choice<OptimizerReset>(),
            Methods.OptimizerReset.Stage, "when the optimizer is reset: {choices}")
    {
        Group = SettingGroups.Curriculum,
        Lacking = "has no stages",
    };

    /// <summary>What every method with latent steps has.</summary>
    public static IReadOnlyList<Setting> OfLatents { get; } = [LatentSteps, Projection, ProjectionWidth];

    /// <summary>What the settings of latent steps must be together.</summary>
    public static IReadOnlyList<SettingRule> Rules { get; } =
    [
        new(
            values => values.Get(ProjectionWidth) is { } width && values.Get(Projection) is not ProjectionKind.Mlp and var kind
                ? $"--projection-width {width} and --projection {Forms.Name(kind)} contradict each other: only the mlp has an inner width"
                : null,
            ProjectionWidth,
            Projection),
    ];
}
