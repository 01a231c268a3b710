using LoRi.Files;
using LoRi.Files.Disk;
using LoRi.Files.Safetensors;
using LoRi.Files.Text;
using LoRi.Models.Decoders;
using LoRi.Models.Weights;
using static TorchSharp.torch;

namespace LoRi.Models.ModelFiles;

/// <summary>
/// The modules that a trained model needs to answer, or that are kept to look into it: one safetensors file each, in the folder
/// <c>parts</c> beside the card.
/// </summary>
internal static class ModuleFiles
{
    private const string Folder = "parts";

    /// <summary>Writes the modules that are exported.</summary>
    public static void Write(string folder, ReasoningModel model)
    {
        foreach (var module in model.Modules.Where(module => module.Exported))
        {
            AtomicFile.CreateFolder(Path.Combine(folder, Folder));
            SafetensorsWriter.Write(
                Path.Combine(folder, Folder, module.Name + ".safetensors"),
                module.Slots.Select(slot => slot.Name).Order(StringComparer.Ordinal)
                    .Select(name => TensorContent.FromTensor(name, model.Parameters[name])),
                new Dictionary<string, string> { ["format"] = "pt" });
        }
    }

    /// <summary>Copies the modules beside one card into another folder.</summary>
    public static void Copy(string from, string to)
    {
        var parts = Path.Combine(from, Folder);
        foreach (var file in Directory.Exists(parts) ? Directory.GetFiles(parts, "*.safetensors") : [])
        {
            AtomicFile.CreateFolder(Path.Combine(to, Folder));
            File.Copy(file, Path.Combine(to, Folder, Path.GetFileName(file)));
        }
    }

    /// <summary>Reads the model's modules.</summary>
    /// <exception cref="InputException">One is missing, or of another shape.</exception>
    public static void Fill(ReasoningModel model, string folder)
    {
        using var guard = no_grad();
        foreach (var module in model.Modules)
        {
            using var scope = NewDisposeScope();
            using var file = SafetensorsFile.Open(Path.Combine(folder, Folder, module.Name + ".safetensors"));
            foreach (var slot in module.Slots)
            {
                var found = file.Get(slot.Name).Shape;
                if (!found.SequenceEqual(slot.Shape))
                {
                    throw new InputException(
                        $"{file.Path}: {slot.Name} has shape {MessageText.Shape(found)}, but the model beside it asks "
                        + $"for {MessageText.Shape(slot.Shape)}; copy the files that training wrote");
                }

                file.CopyInto(slot.Name, model.Parameters[slot.Name].detach());
            }
        }
    }
}
