using LoRi.Files.Settings;

namespace LoRi.Training.Methods.IcotKd;

/// <summary>The settings of states that are read off a chain, emulated and written into a student.</summary>
internal static class IcotKdSettings
{
    private const string OneMethod = "reads states off the chain";

    /// <summary>Tokens of the chain from the state of one block to that of the next.</summary>
    public static readonly Setting<int?> Step = new(
        "state_step", "tokens", Forms.Whole(0).Optional(), null,
        "tokens of the chain from the state of one block to that of the next; 0 takes all at the end of the question")
    {
        Group = SettingGroups.Alignment,
        Purpose = OneMethod,
        DefaultText = "spread over each row's chain",
    };

    /// <summary>Components of the emulator's mixture.</summary>
    public static readonly Setting<int> Components = new(
        "mixture_components", "n", Forms.Whole(1, 65_536), 1,
        "components of the emulator's mixture, for chains that a question leaves a choice of")
    {
        Group = SettingGroups.Model,
        Purpose = OneMethod,
    };

    /// <summary>Temperature of the choice among them.</summary>
    public static readonly Setting<double> Temperature = new(
        "mixture_temperature", "number", Forms.Positive(), 0.05, "temperature of the choice among the mixture's components")
    {
        Group = SettingGroups.Model,
        Purpose = OneMethod,
        InForce = values => values.Get(Components!) > 1,
        Contradicts = values => values.Get(Components!) > 1 ? null
            : new($"{Components!.Flag} {values.Get(Components)}", "one component leaves nothing to choose among; leave it out"),
    };

    /// <summary>All of them.</summary>
    public static IReadOnlyList<Setting> All { get; } = [Step, Components, Temperature];
}
