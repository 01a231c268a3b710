using LoRi.Training.Checkpoints;
using LoRi.Training.Models;
using static TorchSharp.torch;

namespace LoRi.Training.Training;

/// <summary>
/// The state of a training in one safetensors file: weights and optimizer moments. The rows of a step follow from its number
/// and the seed, so nothing else needs to be kept.
/// </summary>
public static class TrainerState
{
    private const string FileName = "state.safetensors";

    /// <summary>Writes <c>state.safetensors</c> into a folder.</summary>
    public static void Write(string folder, ReasoningModel model, AdamW optimizer)
    {
        using var guard = no_grad();
        SafetensorsWriter.Write(
            Path.Combine(folder, FileName),
            Tensors(model, optimizer).Select(pair => SafetensorsContent.FromTensor(pair.Name, pair.Value)),
            new Dictionary<string, string> { ["format"] = "lori-checkpoint", ["step"] = $"{optimizer.Updates}" });
    }

    /// <summary>Restores weights and moments.</summary>
    /// <exception cref="InputException">The checkpoint is damaged or of another model.</exception>
    public static void Restore(string folder, ReasoningModel model, AdamW optimizer)
    {
        using var file = SafetensorsFile.Open(Path.Combine(folder, FileName));
        if (!file.Metadata.TryGetValue("step", out var text) || !int.TryParse(text, out var step))
        {
            throw new InputException($"{file.Path}: is not the state of a training (no step in its metadata); delete its folder to go back to the one before");
        }

        using var guard = no_grad();
        foreach (var (name, value) in Tensors(model, optimizer))
        {
            if (!file.Get(name).Shape.SequenceEqual(value.shape))
            {
                throw new InputException($"{file.Path}: {name} has {file.Get(name).Count} values, this model {value.numel()}; resume with the settings it was made with");
            }

            file.CopyInto(name, value);
        }

        optimizer.Updates = step;
    }

    private static IEnumerable<(string Name, Tensor Value)> Tensors(ReasoningModel model, AdamW optimizer) =>
    [
        ("values", model.Parameters.Values),
        ("first_moment", optimizer.FirstMoment),
        ("second_moment", optimizer.SecondMoment),
    ];
}
