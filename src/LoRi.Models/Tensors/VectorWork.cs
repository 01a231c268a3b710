using System.Runtime.Intrinsics;
using TorchSharp;
using static TorchSharp.torch;

namespace LoRi.Models.Tensors;

/// <summary>
/// Loops of one's own over the memory of CPU tensors, where one reading does what libtorch's operations do one after the other. Each piece
/// of work is one thread's in a fixed order, so the number of threads changes no bit.
/// </summary>
internal static class VectorWork
{
    /// <summary>Bits of the vectors that these loops run on; 0 where libtorch's operations run in their place.</summary>
    public static int VectorBits => Vector512.IsHardwareAccelerated ? 512 : Vector256.IsHardwareAccelerated ? 256 : 0;

    /// <summary>Whether a tensor's memory can be read as float32 in vectors, one value after the other.</summary>
    public static bool Fits(Tensor values) =>
        values.device_type == DeviceType.CPU && values.dtype == ScalarType.Float32 && VectorBits > 0
        && values.is_contiguous();

    /// <summary>Where a contiguous CPU tensor's values begin; the tensor must be held by the caller as long as this is used.</summary>
    public static unsafe nint Address(Tensor values)
    {
        if (values.numel() * values.element_size() > int.MaxValue)
        {
            // A span has no place for so many bytes; of the first value it begins at the same place.
            using var flat = values.view(-1);
            using var first = flat.narrow(0, 0, 1);
            return Address(first);
        }

        fixed (byte* start = values.bytes)
        {
            return (nint)start;
        }
    }

    /// <summary>Cuts work into pieces of a size, the last perhaps smaller, and does them in parallel.</summary>
    /// <param name="count">How much there is.</param>
    /// <param name="size">How much a piece has.</param>
    /// <param name="work">Does one: its number, where it begins, and where it ends.</param>
    public static void InPieces(long count, long size, Action<int, long, long> work) => InParallel(
        (int)((count + size - 1) / size), piece => work(piece, piece * size, long.Min(count, (piece + 1) * size)));

    /// <summary>Does so many pieces of work, on as many threads as libtorch's operations take.</summary>
    public static void InParallel(int pieces, Action<int> work)
    {
        var threads = pieces == 1 ? 1 : get_num_threads();
        if (threads > 1)
        {
            Parallel.For(0, pieces, new ParallelOptions { MaxDegreeOfParallelism = threads }, work);
            return;
        }

        for (var piece = 0; piece < pieces; piece++)
        {
            work(piece);
        }
    }
}
