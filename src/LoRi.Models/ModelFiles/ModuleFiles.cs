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
                Path.Combine(folder, FileOf(module)),
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
    /// <exception cref="InputException">One is missing, or holds what is no number.</exception>
    public static void Fill(ReasoningModel model, string folder)
    {
        using var guard = no_grad();
        foreach (var module in model.Modules)
        {
            using var scope = NewDisposeScope();
            using var file = Open(folder, FileOf(module));
            foreach (var slot in module.Slots)
            {
                var target = model.Parameters[slot.Name].detach();
                file.CopyInto(slot.Name, target);
                FiniteWeights.Check(file.Path, slot.Name, target);
            }
        }
    }

    /// <summary>Compares the files of modules with what the card and the model make of them, before anything of that size is
    /// allocated.</summary>
    /// <exception cref="InputException">One is missing, or of another shape.</exception>
    public static void CheckFits(string folder, IReadOnlyList<ModelModule> modules)
    {
        foreach (var module in modules)
        {
            using var file = Open(folder, FileOf(module));
            foreach (var slot in module.Slots)
            {
                var found = file.Get(slot.Name).Shape;
                if (!found.SequenceEqual(slot.Shape))
                {
                    throw new InputException(
                        $"{Path.Combine(folder, ReasoningCard.FileName)}: asks for {slot.Name} of shape {MessageText.Shape(slot.Shape)}, "
                        + $"which in {FileOf(module)} has {MessageText.Shape(found)}; copy the files that training wrote");
                }
            }
        }
    }

    /// <summary>Opens a file that the card of a folder asks for.</summary>
    /// <exception cref="InputException">It is missing or malformed.</exception>
    public static SafetensorsFile Open(string folder, string name)
    {
        var path = Path.Combine(folder, name);
        return File.Exists(path) ? SafetensorsFile.Open(path)
            : throw new InputException(
                $"{path}: is not there, although the {ReasoningCard.FileName} of its model asks for it; the folder was copied in "
                + "part, copy it whole");
    }

    /// <summary>The file of a part beside the card of a folder.</summary>
    public static string PathOf(string folder, string part) => Path.Combine(folder, Folder, part + ".safetensors");

    private static string FileOf(ModelModule module) => Path.Combine(Folder, module.Name + ".safetensors");
}
