using LoRi.Models.Adapters;
using LoRi.Models.ModelFiles;
using LoRi.Models.Reasoning;
using LoRi.Runs.Settings;
using LoRi.Training.Methods;

namespace LoRi.Runs.Training;

/// <summary>
/// The trained model as a plain folder, which every other command reads; where adapters were trained, they are merged into it and lie
/// beside it in peft's form, with what a student needs to take its latent steps.
/// </summary>
/// <param name="settings">The run's settings.</param>
/// <param name="method">How the model was trained.</param>
/// <param name="prepared">The model and its tokenizer.</param>
/// <param name="trained">Which weights were kept.</param>
internal sealed class FinalModel(RunSettings settings, MethodPlan method, PreparedRun prepared, TrainedAt trained)
{
    /// <summary>Fills a folder.</summary>
    public void Write(string folder)
    {
        var card = Card();
        ModelWriter.Write(folder, prepared.Model, card, prepared.Tokenizer);
        if (prepared.Model.Adapters is not null)
        {
            var adapter = Path.Combine(folder, AdapterFolder.InFinal);
            AdapterFolder.Write(adapter, prepared.Model, ModelLoader.Resolve(settings.Start));
            ModelWriter.WriteCard(adapter, prepared.Model, card);
        }
    }

    private ReasoningCard Card()
    {
        var model = prepared.Model;
        return new()
        {
            Method = method.About.Name,
            Form = method.Form,
            Reasoning = method.Reasoning,
            AnswerPrefix = method.Form.HasPrefix ? settings.Latent.AnswerPrefix! : "",
            PrefixIds = prepared.Prefix,
            Special = model.Special,
            StopAfterEnds = method.StopAfterEnds,
            Projection = model.Projection.Kind,
            ProjectionWidth = model.Projection.Width,
            Parts = [.. model.Modules.Where(module => module.Exported).Select(module => module.Name)],
            ExplainedSteps = ExplainedSteps(),
            Trained = trained,
        };
    }

    /// <summary>How many slots of latents a training row had a step for; null where no auxiliary decoder is kept.</summary>
    private int? ExplainedSteps() =>
        LatentSlots.Of(method.Reasoning) is { } slots
        && prepared.Model.Modules.Any(module => module.Exported && module.Name == AuxiliaryDecoder.Name)
            ? System.Math.Min(slots.Slots, prepared.Data.Training.Max(row => row.Explained.Count))
            : null;
}
