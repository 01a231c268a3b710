using LoRi.Math;
using static TorchSharp.torch;

namespace LoRi.Models.Tensors;

/// <summary>Spectral operations by LAPACK (or cuSOLVER) in float64, whatever the dtype of what is given.</summary>
public sealed class TorchSpectral : ISpectral
{
    /// <inheritdoc/>
    public (double[], RawTensor) SymmetricEigen(RawTensor matrix)
    {
        var value = One(matrix);
        var (ascending, vectors) = linalg.eigh(value.detach().to(ScalarType.Float64));
        var eigenvalues = ascending.flip(0).cpu().contiguous().data<double>().ToArray();
        return (eigenvalues, new TorchTensor(vectors.flip(1).contiguous().to(value.dtype)));
    }

    /// <inheritdoc/>
    public (RawTensor, double[], RawTensor) ThinSvd(RawTensor matrix)
    {
        var value = One(matrix);
        var (left, singular, right) = linalg.svd(value.detach().to(ScalarType.Float64), fullMatrices: false);
        var values = singular.cpu().contiguous().data<double>().ToArray();
        return (new TorchTensor(left.contiguous().to(value.dtype)), values, new TorchTensor(right.contiguous().to(value.dtype)));
    }

    /// <summary>Torch takes batches as well; the core's callers have one matrix.</summary>
    private static Tensor One(RawTensor matrix)
    {
        var value = TorchTensor.Unwrap(matrix);
        return value.dim() == 2
            ? value
            : throw new InvalidOperationException($"invariant: a spectral operation on a tensor of {value.dim()} axes, which is no matrix");
    }
}
