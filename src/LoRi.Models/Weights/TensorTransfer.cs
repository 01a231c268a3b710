using TorchSharp;

namespace LoRi.Models.Weights;

/// <summary>Fills torch tensors piece by piece, so that no second copy of a whole tensor is needed.</summary>
internal static class TensorTransfer
{
    /// <summary>Writes the elements from <paramref name="first"/> on into a buffer that holds a whole number of them.</summary>
    public delegate void Source(long first, Span<byte> buffer);

    private const long PieceBytes = 16 << 20;

    /// <summary>Copies all elements into <paramref name="destination"/>, converting to its type and moving to its device.</summary>
    /// <param name="source">Supplies elements of type <paramref name="type"/>, in row-major order.</param>
    /// <param name="type">The type of the elements as they come.</param>
    /// <param name="destination">A tensor of as many elements, of any type and strides, on any device.</param>
    /// <param name="multiple">Pieces begin and end at multiples of this many elements.</param>
    public static void Fill(Source source, torch.ScalarType type, torch.Tensor destination, long multiple = 1)
    {
        using var target = destination.detach();
        if (!target.is_contiguous())
        {
            using var whole = torch.empty(target.shape, target.dtype, target.device);
            Fill(source, type, whole, multiple);
            target.copy_(whole);
            return;
        }

        var direct = target.dtype == type && target.device_type == DeviceType.CPU;
        using var flat = target.view(-1);
        var total = flat.NumberOfElements;
        var piece = long.Max(multiple, PieceBytes / type.ElementSize() / multiple * multiple);
        for (long first = 0; first < total; first += piece)
        {
            var count = long.Min(piece, total - first);
            using var part = flat.narrow(0, first, count);
            if (direct)
            {
                source(first, part.bytes);
                continue;
            }

            using var buffer = torch.empty([count], type);
            source(first, buffer.bytes);
            part.copy_(buffer);
        }
    }
}
