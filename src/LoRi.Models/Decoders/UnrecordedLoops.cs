using LoRi.Models.Tensors;
using static TorchSharp.torch;

namespace LoRi.Models.Decoders;

/// <summary>
/// What a block does between its products, where no gradient is recorded: loops of one's own over float32 on the CPU, in place of
/// several operations of libtorch each. libtorch's are what they must agree with, and run everywhere else.
/// </summary>
internal static class UnrecordedLoops
{
    /// <summary>Whether they run on a tensor, whose memory one span must hold.</summary>
    public static bool Fit(Tensor x) => !is_grad_enabled() && VectorWork.Fits(x) && x.numel() <= int.MaxValue / sizeof(float);

    /// <summary>The root mean square norm of states [.., d], in their shape.</summary>
    /// <param name="x">States [.., d], contiguous.</param>
    /// <param name="weight">[d].</param>
    /// <param name="epsilon">Added to the mean square.</param>
    public static Tensor Norm(Tensor x, Tensor weight, double epsilon)
    {
        var (normed, inverse) = RowNorm<float>.Forward(x.view(-1, x.shape[^1]), null, weight, epsilon);
        inverse.Dispose();
        return normed.view(x.shape);
    }

    /// <summary>silu(gate) up of [gate, up].</summary>
    /// <param name="both">[.., 2 f], contiguous.</param>
    /// <returns>[.., f].</returns>
    public static Tensor Gated(Tensor both) =>
        GatedActivation<float>.Forward(both.view(-1, both.shape[^1])).view([.. both.shape[..^1], both.shape[^1] / 2]);

    /// <summary>Whether heads can be turned where they lie.</summary>
    /// <param name="heads">[B, T, width].</param>
    /// <param name="angles">Angles of every row.</param>
    public static bool CanTurn(Tensor heads, Angles angles) => Fit(heads) && VectorWork.Fits(angles.Cosine) && VectorWork.Fits(angles.Sine);

    /// <summary>Turns the query and key heads of an image of the block's own, in place.</summary>
    /// <param name="config">The model's shape.</param>
    /// <param name="heads">Queries, keys and values, [B, T, width]; changed.</param>
    /// <param name="angles">Angles of every row.</param>
    public static void Turn(DecoderConfig config, Tensor heads, Angles angles)
    {
        var shape = new HeadShape(
            (int)heads.shape[0], (int)heads.shape[1], 0, config.QueryHeads, config.KeyValueHeads, config.HeadSize);
        HeadRotation<float>.Turn(shape, heads, angles.Cosine, angles.Sine, isTransposed: false);
    }
}
