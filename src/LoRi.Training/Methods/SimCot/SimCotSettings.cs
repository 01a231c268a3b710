using LoRi.Files.Settings;
using LoRi.Training.Methods.Coconut;

namespace LoRi.Training.Methods.SimCot;

/// <summary>The method that an auxiliary decoder is added to.</summary>
internal enum ExplainedMethod
{
    /// <summary>CODI.</summary>
    Codi,

    /// <summary>Coconut.</summary>
    Coconut,
}

/// <summary>The settings of the auxiliary decoder.</summary>
internal static class SimCotSettings
{
    private const string OneMethod = "has an auxiliary decoder";

    /// <summary>What it is added to.</summary>
    public static readonly Setting<ExplainedMethod> On = new(
        "on", "method", Forms.Choice<ExplainedMethod>(), ExplainedMethod.Codi,
        "method that the auxiliary decoder is added to: {choices}, of which coconut goes on from a coconut run")
    { Group = SettingGroups.Model, Purpose = OneMethod };

    /// <summary>The weights that it starts from.</summary>
    public static readonly Setting<string?> Decoder =
        new("decoder", "path", Forms.Place!, null, "weights that the auxiliary decoder starts from, of the model's shape")
        {
            Group = SettingGroups.Model,
            Purpose = OneMethod,
            DefaultText = "those that the model starts from",
            InForce = values => values.Get(Decoder!) is not null,
        };

    /// <summary>Whether it is written beside the trained model.</summary>
    public static readonly Setting<bool> Keep = new(
        "keep_decoder", "", Forms.Flag, false,
        "keep the auxiliary decoder beside the trained model, so that generate --explain and report can show what latent steps say")
    { Group = SettingGroups.Model, Purpose = OneMethod };

    /// <summary>Weight of the explanations.</summary>
    public static readonly Setting<double> Weight = new(
        "lambda_explain", "weight", Forms.AtLeast(0), 1, "weight of the cross-entropy of what the auxiliary decoder writes")
    { Group = SettingGroups.Alignment, Purpose = OneMethod };

    /// <summary>What only CODI has.</summary>
    public static IReadOnlyList<Setting> OfCodi { get; } = [.. SharedSettings.OfLatents, SharedSettings.LambdaAnchor];

    /// <summary>What only Coconut has.</summary>
    public static IReadOnlyList<Setting> OfCoconut { get; } = [CoconutSettings.PerStep, CoconutSettings.Last];

    /// <summary>All of them.</summary>
    public static IReadOnlyList<Setting> All { get; } = [On, Decoder, Keep, Weight, .. OfCodi, .. OfCoconut];
}
