using LoRi.Files;
using LoRi.Files.Settings;
using LoRi.Models.ModelFiles;
using LoRi.Models.Reasoning;
using LoRi.Training.Methods.Coconut;

namespace LoRi.Training.Methods.SimCot;

/// <summary>The latent steps of a run of Coconut, from its card.</summary>
/// <param name="start">The run, as it was named.</param>
/// <param name="reasoning">How its model reasons.</param>
internal sealed class CoconutStart(string start, SequentialReasoning reasoning)
{
    /// <summary>Reads a run's card.</summary>
    /// <exception cref="InputException">It is no run of Coconut.</exception>
    public static CoconutStart Of(string start)
    {
        var card = ModelLoader.Card(start);
        return card is { Reasoning: SequentialReasoning { PerStep: > 0 } reasoning } && card.Form.Name == TextForms.Coconut.Name
            ? new(start, reasoning)
            : throw new InputException(
                $"--on coconut: goes on from a coconut run, but {start} "
                + (card is null ? "is no student" : $"was trained by the method {card.Method}")
                + "; train one with --method coconut and name it with --model");
    }

    /// <summary>Settings with these latent steps, which they may name but not change.</summary>
    /// <exception cref="InputException">They name others.</exception>
    public SettingValues Into(SettingValues values)
    {
        var perStep = With(values, CoconutSettings.PerStep, reasoning.PerStep);
        return With(perStep, CoconutSettings.Last, reasoning.Steps / reasoning.PerStep);
    }

    private SettingValues With(SettingValues values, Setting<int> setting, int own) =>
        !values.IsGiven(setting) || values.Get(setting) == own
            ? values.With(setting, own)
            : throw new InputException(
                $"{setting.Say(values)}: {start} was trained with {setting.Flag} {own}, and its latent steps stay; leave it out");
}
