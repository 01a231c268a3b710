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
        return card is { Reasoning: SequentialReasoning reasoning } && card.Form.Name == TextForms.Coconut.Name
            ? new(start, reasoning)
            : throw new InputException(
                $"--on coconut: goes on from a coconut run, but {start} "
                + (card is null ? "is no student" : $"was trained by the method {card.Method}")
                + "; train one with --method coconut and name it with --model");
    }

    /// <summary>
    /// Settings with these latent steps, which they may name but not change. An imported model does not say how many stand for a step of
    /// the chain: settings must.
    /// </summary>
    /// <exception cref="InputException">They name others, or none where they must.</exception>
    public SettingValues Into(SettingValues values)
    {
        var perStep = reasoning.PerStep > 0 ? reasoning.PerStep : Named(values);
        return With(With(values, CoconutSettings.PerStep, perStep), CoconutSettings.Last, reasoning.Steps / perStep);
    }

    private int Named(SettingValues values)
    {
        var setting = CoconutSettings.PerStep;
        return !values.IsGiven(setting)
            ? throw new InputException(
                $"--on coconut: {start} was imported and does not say how many of its {reasoning.Steps} latent steps stand for one step of "
                + $"the chain; say it with {setting.Flag}, for example {setting.Flag} {setting.Default(values)}")
            : reasoning.Steps % values.Get(setting) == 0
            ? values.Get(setting)
            : throw new InputException(
                $"{setting.Say(values)}: does not divide the {reasoning.Steps} latent steps that {start} takes; name the number that it "
                + "was trained with");
    }

    private SettingValues With(SettingValues values, Setting<int> setting, int own) =>
        !values.IsGiven(setting) || values.Get(setting) == own
            ? values.With(setting, own)
            : throw new InputException(
                $"{setting.Say(values)}: {start} was trained with {setting.Flag} {own}, and its latent steps stay; leave it out");
}
