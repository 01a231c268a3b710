using LoRi.Files;
using LoRi.Files.Safetensors;
using LoRi.Files.Text;
using TorchSharp;

namespace LoRi.Models.Weights;

/// <summary>Entries of a safetensors file as torch tensors.</summary>
public static class SafetensorsTensors
{
    /// <summary>A new tensor with the entry's values, on the CPU; the caller owns it.</summary>
    /// <param name="file">The file.</param>
    /// <param name="name">The entry.</param>
    /// <param name="castTo">The type of the tensor; the file's own when null.</param>
    /// <exception cref="InputException">There is no such entry, or torch has no such tensor.</exception>
    public static torch.Tensor ReadTensor(this SafetensorsFile file, string name, torch.ScalarType? castTo = null)
    {
        ArgumentNullException.ThrowIfNull(file);
        var entry = file.Get(name);
        if (entry.Shape.Any(size => size < 0))
        {
            throw new InputException(
                $"{file.Path}: tensor {MessageText.Quote(name)} has shape {MessageText.Shape(entry.Shape)}, which no tensor in memory can "
                + "have");
        }

        var tensor = torch.empty([.. entry.Shape], castTo ?? TorchType(file, entry));
        CopyInto(file, entry, tensor);
        return tensor;
    }

    /// <summary>Copies an entry into a tensor of the same shape, converting to its type and moving to its device.</summary>
    /// <param name="file">The file.</param>
    /// <param name="name">The entry.</param>
    /// <param name="destination">The tensor, of any type and on any device.</param>
    /// <exception cref="InputException">There is no such entry, or it has another shape.</exception>
    public static void CopyInto(this SafetensorsFile file, string name, torch.Tensor destination)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(destination);
        var entry = file.Get(name);
        if (!entry.Shape.SequenceEqual(destination.shape))
        {
            throw new InputException(
                $"{file.Path}: tensor {MessageText.Quote(name)} has shape {MessageText.Shape(entry.Shape)} "
                + $"where {MessageText.Shape(destination.shape)} is wanted; the file belongs to another model");
        }

        CopyInto(file, entry, destination);
    }

    private static torch.ScalarType TorchType(SafetensorsFile file, SafetensorsEntry entry) =>
        TorchDtype.Find(entry.Dtype) ?? throw file.Unsupported(entry);

    private static void CopyInto(SafetensorsFile file, SafetensorsEntry entry, torch.Tensor destination)
    {
        var type = TorchType(file, entry);
        var isBool = type == torch.ScalarType.Bool;
        var size = type.ElementSize();
        TensorTransfer.Fill(
            (first, buffer) =>
            {
                file.CopyBytes(entry, first * size, buffer);
                if (isBool)
                {
                    ToZeroOrOne(buffer);
                }
            },
            type,
            destination);
    }

    private static void ToZeroOrOne(Span<byte> bytes)
    {
        foreach (ref var b in bytes)
        {
            b = b == 0 ? (byte)0 : (byte)1;
        }
    }
}
