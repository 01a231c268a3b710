using LoRi.Files.Text;
using LoRi.Models.Decoders;
using LoRi.Models.ModelFiles;
using LoRi.Runs.Settings;
using LoRi.Training.Methods;
using TorchSharp;

namespace LoRi.Runs.Plans;

/// <summary>The models that a run holds, counted from their shapes before any is loaded.</summary>
/// <param name="Models">Each with the number of its values: what is trained, modules beside it, a frozen teacher.</param>
/// <param name="Trained">Values that get gradients and moments.</param>
internal sealed record ModelMemory(IReadOnlyList<(string Name, long Values)> Models, long Trained)
{
    /// <summary>Counts them.</summary>
    /// <param name="settings">The run's settings.</param>
    /// <param name="method">How is trained.</param>
    /// <exception cref="Files.InputException">A model cannot be read.</exception>
    public static ModelMemory Of(RunSettings settings, MethodPlan method)
    {
        var (shape, adapters) = (ModelLoader.Shape(settings.Start), AdapterSettings.Of(settings.Values));
        var modules = method.Modules(shape);
        var start = Count(shape);
        var models = new List<(string Name, long Values)> { ("model", start) };
        models.AddRange(modules.Select(module => (module.Name, module.Slots.Sum(slot => slot.Count))));
        if (method.About.HoldsTeacher && settings.TeacherShape() is { } teacher)
        {
            models.Add(("frozen teacher", Count(teacher)));
        }

        var trained = modules.SelectMany(module => module.Slots).Where(slot => slot.Trained).Sum(slot => slot.Count);
        return new(models, trained + (adapters is null ? start : 0));
    }

    /// <summary>Bytes of all weights, in the type of the arithmetic as well, of gradients and of both moments of what is trained.</summary>
    public double Bytes(Precision precision)
    {
        ArgumentNullException.ThrowIfNull(precision);
        var (master, all) = (precision.Master.ElementSize(), Models.Sum(model => (double)model.Values));
        var copies = precision.Compute == precision.Master ? 0 : all * precision.Compute.ElementSize();
        return (master * (all + (3.0 * Trained))) + copies;
    }

    /// <summary>The models in words, with the bytes of their weights.</summary>
    public string Describe(Precision precision)
    {
        var size = precision.Master.ElementSize();
        return string.Join(", ", Models.Select(model => $"{model.Name} {MessageText.Bytes(model.Values * size)}"));
    }

    private static long Count(DecoderConfig shape) => new MemoryEstimate(shape).Parameters;
}
