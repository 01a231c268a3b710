using LoRi.Files.Settings;

namespace LoRi.Training.Methods.Kava;

/// <summary>The settings of the comparison of keys and values.</summary>
internal static class KavaSettings
{
    private const string OneMethod = "compares keys and values";

    /// <summary>Weight of the distance of keys and values.</summary>
    public static readonly Setting<double> Weight = new("lambda_cache", "weight", Forms.AtLeast(0),
        1, "weight of the distance of keys and values")
    { Group = SettingGroups.Alignment, Purpose = OneMethod };

    /// <summary>What the distance of one component is.</summary>
    public static readonly Setting<CacheNorm> Norm = new("cache_loss", "loss", Forms.Choice<CacheNorm>(),
        CacheNorm.SmoothL1, "distance of keys and values: {choices}")
    { Group = SettingGroups.Alignment, Purpose = OneMethod };

    /// <summary>Whether it is taken in units of each block's deviation.</summary>
    public static readonly Setting<bool> ByDeviation = new("cache_std", "", Forms.Flag, false, "divide the distance of keys and values by "
        + "each block's deviation over the batch")
    { Group = SettingGroups.Alignment, Purpose = OneMethod };

    /// <summary>Which keys are compared.</summary>
    public static readonly Setting<KeyForm> Keys = new("cache_keys", "form", Forms.Choice<KeyForm>(),
        KeyForm.BeforeRope, "keys that are compared: {choices}")
    { Group = SettingGroups.Alignment, Purpose = OneMethod };

    /// <summary>Weight of importance against redundancy in the choice of tokens.</summary>
    public static readonly Setting<double> Importance = new("importance", "share", Forms.AtLeast(0), 0.1, "share of importance against "
        + "redundancy in the choice of the chain's tokens, from 0 to 1")
    { Group = SettingGroups.Alignment, Purpose = OneMethod };

    /// <summary>What the distance of one component of the anchors is.</summary>
    public static readonly Setting<AnchorNorm> Anchor = new("anchor_norm", "norm", Forms.Choice<AnchorNorm>(),
        AnchorNorm.L1, "distance of the states before the answer: {choices}")
    { Group = SettingGroups.Alignment, Purpose = OneMethod };

    /// <summary>All of them.</summary>
    public static IReadOnlyList<Setting> All { get; } = [Weight, Norm, ByDeviation, Keys, Importance, Anchor];

    /// <summary>What they must be.</summary>
    public static IReadOnlyList<SettingRule> Rules { get; } =
    [
        new(values => values.Get(Importance) > 1 ? $"{Importance.Say(values)}: must be at most 1" : null, Importance),
    ];
}
