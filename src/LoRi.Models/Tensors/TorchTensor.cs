using LoRi.Math;
using static TorchSharp.torch;

namespace LoRi.Models.Tensors;

/// <summary>
/// The core's <see cref="RawTensor"/> over a Torch tensor: every operation is one Torch call that autograd records, so the
/// objectives that the core specifies are what training differentiates. Intermediate tensors belong to the dispose scope
/// that is open when they are made.
/// </summary>
public sealed class TorchTensor : RawTensor
{
    /// <summary>Wraps a tensor without copying it; ownership stays with the caller.</summary>
    /// <param name="value">A tensor of any dtype and device.</param>
    public TorchTensor(Tensor value)
    {
        ArgumentNullException.ThrowIfNull(value);
        Value = value;
    }

    /// <summary>The Torch tensor behind this one.</summary>
    public Tensor Value { get; }

    /// <inheritdoc/>
    public override int[] Shape => [.. Value.shape.Select(size => checked((int)size))];

    /// <summary>The Torch tensor behind any tensor of this backend.</summary>
    /// <param name="tensor">A tensor of the core that Torch computes.</param>
    /// <exception cref="InvalidOperationException">The tensor belongs to another backend (a broken invariant).</exception>
    public static Tensor Unwrap(RawTensor tensor) => tensor is TorchTensor torchTensor
        ? torchTensor.Value
        : throw new InvalidOperationException($"invariant: a tensor of another backend ({tensor?.GetType().Name ?? "null"}) reached Torch");

    /// <inheritdoc/>
    public override RawTensor Add(RawTensor other) => new TorchTensor(Value.Plus(Unwrap(other)));

    /// <inheritdoc/>
    public override RawTensor Subtract(RawTensor other) => new TorchTensor(Value.sub(Unwrap(other)));

    /// <inheritdoc/>
    public override RawTensor Multiply(RawTensor other) => new TorchTensor(Value.mul(Unwrap(other)));

    /// <inheritdoc/>
    public override RawTensor Divide(RawTensor other) => new TorchTensor(Value.div(Unwrap(other)));

    /// <inheritdoc/>
    public override RawTensor Scale(double factor) => new TorchTensor(Value.Times(factor));

    /// <inheritdoc/>
    public override RawTensor Sqrt() => new TorchTensor(Value.sqrt());

    /// <inheritdoc/>
    public override RawTensor PositivePart() => new TorchTensor(Value.relu());

    /// <inheritdoc/>
    public override RawTensor SmoothL1() => new TorchTensor(
        nn.functional.smooth_l1_loss(Value, zeros_like(Value), nn.Reduction.None, 1.0));

    /// <inheritdoc/>
    public override RawTensor MatMul(RawTensor other) => new TorchTensor(Value.matmul(Unwrap(other)));

    /// <inheritdoc/>
    public override RawTensor SwapAxes(int axis, int other) => new TorchTensor(Value.transpose(axis, other));

    /// <inheritdoc/>
    public override RawTensor Reshape(int[] shape) => new TorchTensor(Value.reshape([.. shape.Select(size => (long)size)]));

    /// <inheritdoc/>
    public override RawTensor SumTrailing(int count) => count == 0
        ? this
        : new TorchTensor(Value.sum([.. Enumerable.Range(1, count).Select(axis => (long)-axis)]));

    /// <inheritdoc/>
    public override RawTensor Slice(int axis, int start, int length) => new TorchTensor(Value.narrow(axis, start, length));

    /// <inheritdoc/>
    public override RawTensor Constant(int[] shape, double[] values)
    {
        using var host = tensor(values, [.. shape.Select(size => (long)size)], ScalarType.Float64);
        return new TorchTensor(host.to(Value.dtype).to(Value.device));
    }

    /// <inheritdoc/>
    public override TResult Scoped<TResult>(Func<TResult> work)
    {
        ArgumentNullException.ThrowIfNull(work);
        using var scope = NewDisposeScope();
        return work();
    }

    /// <inheritdoc/>
    public override double[] ToArray()
    {
        using var host = Value.detach().to(ScalarType.Float64).cpu().contiguous();
        return host.numel() == 0 ? [] : host.data<double>().ToArray();
    }
}
