using LoRi.Files.Settings;

namespace LoRi.Training.Methods.IcotSi;

/// <summary>The settings of the removal of a chain of thought.</summary>
internal static class IcotSiSettings
{
    private const string OneMethod = "removes the chain of thought token by token";

    /// <summary>Tokens that are removed more after every pass over the data.</summary>
    public static readonly Setting<double> PerEpoch =
        Of("remove_per_epoch", "tokens", Forms.Positive(), 8, "tokens of the chain that are removed more after every pass over the data");

    /// <summary>Tokens that are removed from the first step on.</summary>
    public static readonly Setting<int> StartFrom =
        Of("remove_from", "tokens", Forms.Whole(0), 0, "tokens of the chain that are removed from the first step on");

    /// <summary>From so many on everything is removed.</summary>
    public static readonly Setting<int?> AllFrom =
        Of("remove_all_from", "tokens", Forms.Whole(1).Optional(), null, "removed tokens from which on the whole chain is")
            with
        { DefaultText = "never" };

    /// <summary>The end of the chain at which tokens are removed.</summary>
    public static readonly Setting<RemovalSide> Side = Of("removal_side", "side", Forms.Choice<RemovalSide>(), RemovalSide.Left,
        "end of the chain at which tokens are removed: {choices}");

    /// <summary>How rarely more is removed than the schedule says.</summary>
    public static readonly Setting<double?> Smoothing =
        Of("removal_smoothing", "lambda", Forms.Positive().Optional(), 4,
            "with probability exp(-lambda) one token more is removed from a row, with its square two");

    /// <summary>Passes over the data before the removal begins.</summary>
    public static readonly Setting<int> Pretrain =
        Of("pretrain_epochs", "n", Forms.Whole(0), 0, "passes over the data before the removal begins");

    /// <summary>All of them.</summary>
    public static IReadOnlyList<Setting> All { get; } =
        [PerEpoch, StartFrom, AllFrom, Side, Smoothing, Pretrain, SharedSettings.OptimizerReset];

    private static Setting<T> Of<T>(string key, string value, ValueForm<T> form, T usual, string help) =>
        new(key, value, form, usual, help) { Group = SettingGroups.Curriculum, Purpose = OneMethod };
}
