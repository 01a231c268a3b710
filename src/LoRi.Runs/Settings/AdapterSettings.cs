using LoRi.Files.Settings;
using LoRi.Models.Decoders;

namespace LoRi.Runs.Settings;

/// <summary>The settings of low-rank adapters that are trained in place of all weights.</summary>
internal static class AdapterSettings
{
    private const double AlphaPerRank = 2;
    private const string AllTargets = "all-linear";

    /// <summary>Rank of the adapters; left out, all weights are trained.</summary>
    public static readonly Setting<int?> Rank =
        new("lora_rank", "n", Forms.Whole(1, 8_192).Optional(), null, "train adapters of this rank and freeze the model")
        {
            Group = SettingGroups.Adapters,
            DefaultText = "train all weights",
        };

    /// <summary>The scaling is alpha / rank.</summary>
    public static readonly Setting<double?> Alpha =
        Own<double?>(new("lora_alpha", "alpha", Forms.Positive().Optional(), null, "the adapters' scaling is this over the rank")
        {
            DefaultText = "twice the rank",
            Default = values => values.Get(Rank) is { } rank ? AlphaPerRank * rank : null,
        });

    /// <summary>Share of the adapters' inputs that is dropped while training.</summary>
    public static readonly Setting<double> Dropout =
        Own<double>(new("lora_dropout", "share", Forms.BelowOne, 0, "share of the adapters' inputs that is dropped while training"));

    /// <summary>Names of the linear maps that get an adapter, however they are separated.</summary>
    public static readonly Setting<IReadOnlyList<string>> Targets = Own<IReadOnlyList<string>>(new(
        "lora_targets", "name", Forms.List with { Anywhere = Names },
            [AllTargets], "linear maps that get an adapter, such as q_proj v_proj; several may follow")
    {
        DefaultText = "all of the blocks",
    });

    /// <summary>The scaling is alpha / sqrt(rank).</summary>
    public static readonly Setting<bool> Rslora =
        Own<bool>(new("rslora", "", Forms.Flag, false, "the adapters' scaling is alpha over the root of the rank"));

    /// <summary>All of them.</summary>
    public static IReadOnlyList<Setting> All { get; } = [Rank, Alpha, Dropout, Targets, Rslora];

    /// <summary>What they must be together.</summary>
    public static IReadOnlyList<SettingRule> Rules { get; } =
    [
        new(
            values => values.IsGiven(Targets) && Names(values.Get(Targets)).Count == 0
                ? "--lora-targets: name at least one linear map, for example q_proj, or leave the option out for all of them"
                : null,
            Targets),
        .. new Setting[] { Alpha, Dropout, Targets, Rslora }.Select(setting => new SettingRule(
            values => values.IsGiven(setting) && setting.IsThere(values) && !(setting == Dropout && values.Get(Dropout) == 0)
                && values.Get(Rank) is null
                ? $"{setting.Flag}: says how adapters are made, but there are none; give --lora-rank as well, for example --lora-rank 16"
                : null,
            setting)),
    ];

    /// <summary>The adapters; null where all weights are trained.</summary>
    public static LoraSettings? Of(SettingValues values)
    {
        ArgumentNullException.ThrowIfNull(values);
        return values.Get(Rank) is not { } rank ? null : new LoraSettings
        {
            Rank = rank,
            Alpha = values.Get(Alpha)!.Value,
            Dropout = values.Get(Dropout),
            RankStabilised = values.Get(Rslora),
            Targets = Names(values.Get(Targets)) is [AllTargets] ? null : Names(values.Get(Targets)),
        };
    }

    private static IReadOnlyList<string> Names(IReadOnlyList<string> targets) =>
        [.. targets.SelectMany(text => text.Split([',', ' '], StringSplitOptions.RemoveEmptyEntries)).Distinct()];

    private static Setting<T> Own<T>(Setting<T> setting) =>
        setting with { Group = SettingGroups.Adapters, InForce = values => values.Get(Rank) is not null };
}
