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
        string Wrong(string its, string wanted) => $"--decoder {path}: {its}, but {start} {wanted}; the auxiliary decoder must have the model's shape, or leave --decoder out to start from its weights";
        if ((found.Layers, found.HiddenSize) != (own.Layers, own.HiddenSize))
        {
            throw new InputException(Wrong($"has {found.Layers} levels of {found.HiddenSize} components", $"has {own.Layers} of {own.HiddenSize}"));
        }

        var slots = Slots(found).ToDictionary(slot => slot.Name, slot => slot.Shape);
        if (Slots(own).FirstOrDefault(slot => !slots.TryGetValue(slot.Name, out var shape) || !shape.SequenceEqual(slot.Shape)) is { } other)
        {
            var its = slots.TryGetValue(other.Name, out var shape) ? $"its {other.Name} has shape {MessageText.Shape(shape)}" : $"has no {other.Name}";
            throw new InputException(Wrong(its, $"has one of {MessageText.Shape(other.Shape)}"));
        }

        if ((found.Family, found.NormEpsilon, found.Rotary) != (own.Family, own.NormEpsilon, own.Rotary))
        {
            throw new InputException(Wrong("computes otherwise (family, norms or rotation)", "is what computes with its weights"));
        }
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
