using LoRi.Models.Tensors;
using static TorchSharp.torch;

namespace LoRi.Models.Decoders;

/// <summary>
/// The gradients of the adapters that were merged into a matrix, W + s B A, from the slopes dy of its images of all positions x:
/// dB = s dy' (x A'), dA = s (dy B)' x. No gradient of the matrix itself is made.
/// </summary>
/// <param name="adapter">The adapters of the matrix's parts.</param>
/// <param name="inputFirst">Whether the matrix is stored [inputs, outputs].</param>
internal sealed class AdapterGradient(LowRankMap adapter, bool inputFirst) : MapGradient
{
    /// <inheritdoc/>
    protected override bool InputFirst => inputFirst;

    /// <inheritdoc/>
    protected override void AddProduct(Tensor inputs, Tensor slopes)
    {
        var inner = inputs.mm(adapter.Down.t());
        var innerSlopes = empty_like(inner);
        foreach (var (part, up, row, column) in adapter.Placed())
        {
            var (own, rank) = (slopes.narrow(1, row, part.Outputs), up.shape[1]);
            innerSlopes.narrow(1, column, rank).copy_(own.mm(up.Times(part.Scaling)));
            Increase(up, own.t(), inner.narrow(1, column, rank).Times(part.Scaling));
        }

        Increase(adapter.Down, innerSlopes.t(), inputs);
    }

    private static void Increase(Tensor parameter, Tensor left, Tensor right)
    {
        if (parameter.requires_grad)
        {
            parameter.grad!.addmm_(left, right, 1, 1);
        }
    }
}
