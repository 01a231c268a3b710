using System.Numerics;
using LoRi.Models.Tensors;
using static TorchSharp.torch;

namespace LoRi.Models.Decoders;

/// <summary>The norm after the last block.</summary>
/// <typeparam name="T">The type of the values.</typeparam>
/// <param name="weight">[d].</param>
/// <param name="epsilon">Added to the mean square.</param>
internal sealed class TapedNorm<T>(Tensor weight, double epsilon) : ITapedStep
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private (Tensor X, Tensor Inverse)? saved;

    /// <inheritdoc/>
    public ResidualStream Forward(ResidualStream stream)
    {
        using var guard = no_grad();
        var (normed, inverse) = RowNorm<T>.Forward(stream.Added, stream.Residual, weight, epsilon);
        saved = (stream.Added.alias().DetachFromDisposeScope(), inverse.DetachFromDisposeScope());
        return new(normed);
    }

    /// <inheritdoc/>
    public Tensor Backward(Tensor slopes)
    {
        using var guard = no_grad();
        var (x, inverse) = saved!.Value;
        return RowNorm<T>.Backward(slopes, x, inverse, weight, null, TapedBlock.GradientOf(weight));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        saved?.X.Dispose();
        saved?.Inverse.Dispose();
    }
}
