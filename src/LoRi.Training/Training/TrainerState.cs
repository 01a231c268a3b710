using LoRi.Training.Checkpoints;
using LoRi.Training.Models;
using static TorchSharp.torch;

namespace LoRi.Training.Training;

/// <summary>
/// A checkpoint of a training: weights and optimizer moments in one safetensors file. Rows of a step follow from its number
/// and the seed, so nothing else needs to be kept.
/// </summary>
public static class TrainerState
{
    private const string FileName = "state.safetensors";

    /// <summary>Writes <c>step-N/state.safetensors</c> under a folder; the folder appears complete or not at all. Keeps the last two.</summary>
    public static string Save(string checkpoints, ReasoningModel model, AdamW optimizer)
    {
        var folder = Path.Combine(checkpoints, $"step-{optimizer.Updates:D8}");
        var temporary = folder + ".tmp";
        if (Directory.Exists(temporary))
        {
            Directory.Delete(temporary, recursive: true);
        }

        Directory.CreateDirectory(temporary);
        using (var guard = no_grad())
        {
            SafetensorsWriter.Write(
                Path.Combine(temporary, FileName),
                Tensors(model, optimizer).Select(pair => SafetensorsContent.FromTensor(pair.Name, pair.Value)),
                new Dictionary<string, string> { ["format"] = "lori-checkpoint", ["step"] = $"{optimizer.Updates}" });
        }

        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }

        Directory.Move(temporary, folder);
        foreach (var old in Complete(checkpoints).SkipLast(2))
        {
            Directory.Delete(old, recursive: true);
        }

        return folder;
    }

    /// <summary>Restores the last complete checkpoint; false where there is none.</summary>
    /// <exception cref="InputException">The checkpoint is damaged or of another model.</exception>
    public static bool TryRestore(string checkpoints, ReasoningModel model, AdamW optimizer)
    {
        if (Complete(checkpoints).LastOrDefault() is not string folder)
        {
            return false;
        }

        using var file = SafetensorsFile.Open(Path.Combine(folder, FileName));
        if (!file.Metadata.TryGetValue("step", out var text) || !int.TryParse(text, out var step))
        {
            throw new InputException($"{file.Path}: is not a checkpoint of a training (no step in its metadata); delete its folder to go back to the one before");
        }

        using var guard = no_grad();
        foreach (var (name, value) in Tensors(model, optimizer))
        {
            if (!file.Get(name).Shape.SequenceEqual(value.shape))
            {
                throw new InputException($"{file.Path}: {name} has {file.Get(name).Shape[0]} values, this model {value.shape[0]}; resume with the settings it was made with");
            }

            file.CopyInto(name, value);
        }

        optimizer.Updates = step;
        return true;
    }

    private static IEnumerable<(string Name, Tensor Value)> Tensors(ReasoningModel model, AdamW optimizer) =>
    [
        ("values", model.Parameters.Values),
        ("first_moment", optimizer.FirstMoment),
        ("second_moment", optimizer.SecondMoment),
    ];

    private static IEnumerable<string> Complete(string checkpoints) => Directory.Exists(checkpoints)
        ? Directory.GetDirectories(checkpoints, "step-*").Where(folder => !folder.EndsWith(".tmp", StringComparison.Ordinal)).Order(StringComparer.Ordinal)
        : [];
}
