using LoRi.Files;
using LoRi.Files.Text;
using LoRi.Models.Decoders;
using LoRi.Models.ModelFiles;
using LoRi.Models.Reasoning;
using static TorchSharp.torch;

namespace LoRi.Training.Methods.SimCot;

/// <summary>Weights of another folder that an auxiliary decoder starts from.</summary>
internal static class DecoderStart
{
    /// <summary>Refuses a folder whose shape is not the model's, before any weights are read.</summary>
    /// <exception cref="InputException">It is another one.</exception>
    public static void Check(string path, string start)
    {
        var (found, own) = (Shape(path), Shape(start));
        if (Difference(found, own) is var (its, wanted))
        {
            throw new InputException(
                $"--decoder {path}: {its}, but {start} {wanted}; the auxiliary decoder must have the model's shape, or leave --decoder out "
                + "to start from its weights");
        }
    }

    /// <summary>What differs, of each of the two; null where nothing does.</summary>
    private static (string Its, string Wanted)? Difference(DecoderConfig found, DecoderConfig own)
    {
        if ((found.Layers, found.HiddenSize) != (own.Layers, own.HiddenSize))
        {
            return ($"has {found.Layers} levels of {found.HiddenSize} components", $"has {own.Layers} of {own.HiddenSize}");
        }

        var slots = Slots(found).ToDictionary(slot => slot.Name, slot => slot.Shape);
        var other = Slots(own).FirstOrDefault(slot => !slots.GetValueOrDefault(slot.Name, []).SequenceEqual(slot.Shape));
        return other is not null
            ? ($"its {other.Name} has shape {MessageText.Shape(slots.GetValueOrDefault(other.Name, []))}",
                $"has one of {MessageText.Shape(other.Shape)}")
            : (found.Family, found.NormEpsilon, found.Rotary) != (own.Family, own.NormEpsilon, own.Rotary)
            ? ("is of another family, or has other norms or rotations", "is what would compute with its weights")
            : null;
    }

    /// <summary>Copies the weights into the model's auxiliary decoder.</summary>
    public static void Fill(ReasoningModel model, string path)
    {
        using var guard = no_grad();
        using var from = ModelLoader.Load(path, new LoadSettings(model.Precision, model.Device)).Model;
        foreach (var slot in DecoderLayout.Slots(from.Config, 0))
        {
            using var scope = NewDisposeScope();
            var copy = model.Parameters[$"{AuxiliaryDecoder.Name}.{slot.Name}"].detach();
            copy.copy_(from.Parameters[slot.Name].detach().narrow(0, 0, copy.shape[0]));
        }
    }

    /// <summary>The shape without the rows of a student's markers.</summary>
    private static DecoderConfig Shape(string path) => ModelLoader.Shape(path).WithoutRows(ModelLoader.Card(path)?.Special.Markers ?? []);

    private static IEnumerable<ParameterSlot> Slots(DecoderConfig shape) => DecoderLayout.Slots(shape, 0);
}
