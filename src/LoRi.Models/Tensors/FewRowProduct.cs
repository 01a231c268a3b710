using TorchSharp;
using static TorchSharp.torch;

namespace LoRi.Models.Tensors;

/// <summary>
/// x W^T for few rows on the CPU, as tokens and latent steps of a batch need it. Such a product reads every weight once and is bound by
/// the memory; libtorch's uses one thread for one row, and copies the weights first for more. Sums are float32 for all types; every output
/// is one thread's sum in a fixed order, the same for one row and for many, so neither the number of threads nor the rows beside one
/// change a bit. Where the outputs are no multiple of four, the last ones are computed twice.
/// </summary>
internal static unsafe class FewRowProduct
{
    /// <summary>Rows from which on libtorch's product, which copies the weights into an order of its own, is faster.</summary>
    public const int MostRows = 64;

    /// <summary>Outputs that are computed together, and the least that a product has.</summary>
    public const int OutputsAtOnce = 4;

    private const int PieceBytes = 1 << 16;
    private const long LeastValues = 1 << 15;

    /// <summary>Whether a matrix of so many outputs and inputs can be read: vectors, whole blocks, and bytes that an int counts.</summary>
    public static bool CanRead(long outputs, long inputs) => VectorWork.VectorBits > 0
        && outputs >= OutputsAtOnce && inputs > 0 && inputs % IWeightBlock.Values == 0 && outputs * inputs <= int.MaxValue / sizeof(float);

    /// <summary>Whether x [.., inputs] has few rows, and some, and no gradient is wanted.</summary>
    public static bool AreFew(Tensor x, long inputs) => !is_grad_enabled() && x.numel() > 0 && x.numel() <= MostRows * inputs;

    /// <summary>Whether the product is one that <see cref="Of"/> computes: no gradient, few rows, whole blocks, worth the while.</summary>
    /// <param name="matrix">[outputs, inputs].</param>
    /// <param name="x">[.., inputs].</param>
    public static bool Fits(Tensor matrix, Tensor x) =>
        x.device_type == DeviceType.CPU && matrix.device_type == DeviceType.CPU && AreFew(x, matrix.size(1))
        && matrix.dtype is ScalarType.Float32 or ScalarType.BFloat16 && x.dtype == matrix.dtype
        && CanRead(matrix.size(0), matrix.size(1)) && matrix.numel() >= LeastValues && matrix.is_contiguous();

    /// <summary>The image [.., outputs] of <paramref name="x"/> [.., inputs], in their type.</summary>
    public static Tensor Of(Tensor matrix, Tensor x)
    {
        var wide = x.Widened().contiguous();
        var image = empty([.. x.shape[..^1], matrix.size(0)], ScalarType.Float32);
        fixed (byte* weights = matrix.bytes)
        {
            if (matrix.dtype == ScalarType.Float32)
            {
                Fill<SingleBlock>(weights, matrix.size(0), wide, image);
            }
            else
            {
                Fill<BrainBlock>(weights, matrix.size(0), wide, image);
            }
        }

        GC.KeepAlive(wide);
        return x.dtype == ScalarType.Float32 ? image : image.to(x.dtype);
    }

    /// <summary>Fills outputs of an image.</summary>
    /// <param name="weights">Rows of weights, one behind the other.</param>
    /// <param name="outputs">How many, <see cref="OutputsAtOnce"/> or more.</param>
    /// <param name="x">The inputs, float32 [.., inputs], one row behind the other.</param>
    /// <param name="image">The image, float32 [.., all outputs], likewise.</param>
    /// <param name="first">The place of the first of these outputs.</param>
    public static void Fill<TBlock>(byte* weights, long outputs, Tensor x, Tensor image, long first = 0)
        where TBlock : struct, IWeightBlock
    {
        var (inputs, stride) = ((int)x.size(-1), image.size(-1));
        var (rows, length) = ((int)(x.numel() / inputs), inputs / IWeightBlock.Values * TBlock.Bytes);
        fixed (byte* from = x.bytes, to = image.bytes)
        {
            var (read, written) = ((nint)from, (nint)((float*)to + first));
            InPieces(outputs, length, output => FewRowTiles<TBlock>.Fill(
                weights + (output * length), inputs, (float*)read, rows, (float*)written + output, stride));
        }
    }

    private static void InPieces(long outputs, int rowBytes, Action<long> tile)
    {
        var piece = long.Max(1, PieceBytes / (OutputsAtOnce * rowBytes)) * OutputsAtOnce;
        VectorWork.InPieces(outputs, piece, (_, first, end) =>
        {
            for (var next = first; next < end; next += OutputsAtOnce)
            {
                tile(long.Min(next, outputs - OutputsAtOnce));
            }
        });
    }
}
