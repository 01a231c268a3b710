using LoRi.Math;
using static TorchSharp.torch;

namespace LoRi.Training.Tensors;

/// <summary>Spectral operations by LAPACK (or cuSOLVER) in float64, whatever the dtype of what is given.</summary>
public sealed class TorchSpectral : ISpectral
{
    /// <inheritdoc/>
    public (double[], RawTensor) SymmetricEigen(RawTensor matrix)
    {
        var value = TorchTensor.Unwrap(matrix);
        var (ascending, vectors) = linalg.eigh(value.detach().to(ScalarType.Float64));
        var eigenvalues = ascending.flip(0).cpu().contiguous().data<double>().ToArray();
        return (eigenvalues, new TorchTensor(vectors.flip(1).contiguous().to(value.dtype)));
    }
}
