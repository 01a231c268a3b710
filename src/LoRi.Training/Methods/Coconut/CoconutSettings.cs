using LoRi.Files.Settings;

namespace LoRi.Training.Methods.Coconut;

/// <summary>The settings of the stages in which a chain gives way to latent steps.</summary>
internal static class CoconutSettings
{
    private const string OneMethod = "replaces a chain step by step";

    /// <summary>Latent steps that stand for one step of the chain.</summary>
    public static readonly Setting<int> PerStep =
        Of("latents_per_step", "n", Forms.Whole(1, 64), 2, "latent steps that stand for one step of the chain");

    /// <summary>The last stage that leaves a rest of the chain.</summary>
    public static readonly Setting<int> Last =
        Of("last_stage", "n", Forms.Whole(1, 64), 3, "steps of the chain that are replaced one by one, before all are");

    /// <summary>The stage of the first step.</summary>
    public static readonly Setting<int> First = Of("first_stage", "n", Forms.Whole(0, 65),
        0, "steps of the chain that are replaced from the first step on; 1 for weights that write chains of this form");

    /// <summary>Passes over the data of a stage.</summary>
    public static readonly Setting<double> EpochsPerStage =
        Of("epochs_per_stage", "n", Forms.Positive(), 3, "passes over the data before one more step is replaced");

    /// <summary>Whether rows with short chains take fewer latent steps in the end.</summary>
    public static readonly Setting<bool> FewerLatents =
        Of("fewer_latents", "", Forms.Flag, false, "once the whole chain is replaced, let rows with fewer steps take fewer latent steps");

    /// <summary>Share of rows that learn another stage.</summary>
    public static readonly Setting<double> Uniform =
        Of("other_stages", "share", Forms.BelowOne, 0, "share of rows that learn another stage, any that their chain has steps for");

    /// <summary>All of them.</summary>
    public static IReadOnlyList<Setting> All { get; } =
        [PerStep, Last, First, EpochsPerStage, FewerLatents, Uniform, SharedSettings.OptimizerReset];

    /// <summary>What they must be together.</summary>
    public static IReadOnlyList<SettingRule> Rules { get; } =
    [
        new(
            values => values.Get(First) > values.Get(Last) + 1
                ? $"{First.Say(values)} and {Last.Say(values)} contradict each other: after stage {values.Get(Last)} the whole chain is "
                    + $"replaced, so that a run begins in stage {values.Get(Last) + 1} at the latest"
                : null,
            First,
            Last),
    ];

    private static Setting<T> Of<T>(string key, string value, ValueForm<T> form, T usual, string help) =>
        new(key, value, form, usual, help)
        {
            Group = SettingGroups.Curriculum,
            Purpose = OneMethod,
            Lacking = "replaces no chain step by step",
        };
}
