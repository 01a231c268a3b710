using System.Globalization;
using LoRi.Files;
using LoRi.Files.Disk;
using LoRi.Files.Safetensors;
using LoRi.Models.Decoders;
using LoRi.Models.Weights;
using static TorchSharp.torch;

namespace LoRi.Runs.Training;

/// <summary>
/// The trained weights of the lowest validation loss so far, in the run's folder under their step. A step's weights are written before any
/// checkpoint speaks of them, and older ones go only when a checkpoint speaks of newer ones; so a run that is killed finds what it needs.
/// </summary>
/// <param name="runFolder">The folder of the run.</param>
internal sealed class BestWeights(string runFolder)
{
    private const string Values = "values";
    private readonly string folder = Path.Combine(runFolder, "best");

    /// <summary>Keeps the weights of a step.</summary>
    /// <exception cref="InputException">They cannot be written.</exception>
    public void Keep(int step, ReasoningModel model)
    {
        using var guard = no_grad();
        AtomicFile.CreateFolder(folder);
        SafetensorsWriter.Write(PathOf(step), [TensorContent.FromTensor(Values, model.Parameters.Values)], new Dictionary<string,
            string>
        { ["format"] = "lori-weights" });
    }

    /// <summary>Puts the weights of a step back.</summary>
    /// <exception cref="InputException">They are not there, or are damaged.</exception>
    public void Restore(int step, ReasoningModel model)
    {
        using var guard = no_grad();
        using var file = SafetensorsFile.Open(PathOf(step));
        if (!file.Get(Values).Shape.SequenceEqual(model.Parameters.Values.shape))
        {
            throw new InputException($"{file.Path}: has {file.Get(Values).Count} values, this model {model.Parameters.Values.numel()}; "
                + "begin the run again under another --output");
        }

        file.CopyInto(Values, model.Parameters.Values);
    }

    /// <summary>Removes all but those of a step; all where the step is 0.</summary>
    public void RemoveAllBut(int step)
    {
        if (!Directory.Exists(folder))
        {
            return;
        }

        foreach (var file in Directory.GetFiles(folder).Where(file => file != PathOf(step)))
        {
            File.Delete(file);
        }
    }

    private string PathOf(int step) => Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"step-{step:000000}.safetensors"));
}
