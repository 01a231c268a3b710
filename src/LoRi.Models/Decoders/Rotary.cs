using LoRi.Models.Tensors;
using static TorchSharp.torch;

namespace LoRi.Models.Decoders;

/// <summary>Angles of the positions of a pass.</summary>
/// <param name="Cosine">[B, 1, T, size].</param>
/// <param name="Sine">With the rotation's sign, [B, 1, T, size].</param>
internal sealed record Angles(Tensor Cosine, Tensor Sine);

/// <summary>
/// Rotary position angles for the half-split rotation: component i turns with component i + size / 2 by position times
/// frequency i. The sine table carries the rotation's sign, so that x turns into x * cos + roll(x, size / 2) * sin.
/// </summary>
internal sealed class Rotary : IDisposable
{
    private readonly RotaryShape shape;
    private readonly ScalarType dtype;
    private readonly Device device;
    private Tensor? cosines;
    private Tensor? sines;
    private int length;
    private int reach;

    /// <summary>Angles for heads of a shape; tables are made when first needed.</summary>
    public Rotary(RotaryShape shape, ScalarType dtype, Device device)
    {
        (this.shape, this.dtype, this.device) = (shape, dtype, device);
    }

    /// <summary>Cosines and signed sines for positions [B, T] that lie below <paramref name="limit"/>.</summary>
    public Angles At(Tensor positions, int limit)
    {
        EnsureLength(limit);
        var sizes = new[] { positions.shape[0], 1, positions.shape[1], shape.Size };
        var flat = positions.reshape(-1);
        return new Angles(cosines!.index_select(0, flat).view(sizes), sines!.index_select(0, flat).view(sizes));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        cosines?.Dispose();
        sines?.Dispose();
    }

    private void EnsureLength(int limit)
    {
        if (limit <= length && shape.SameAt(limit, reach))
        {
            return;
        }

        Dispose();
        (length, reach) = (limit <= length ? length : System.Math.Max(limit, 2 * length), limit);
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        var angleType = dtype == ScalarType.Float64 ? ScalarType.Float64 : ScalarType.Float32;
        var frequencies = tensor(shape.Frequencies(limit), ScalarType.Float64).to(angleType);
        var angles = HeldScalars.Counting(length, angleType, CPU).unsqueeze(1).mul(frequencies);
        var (cosine, sine) = (angles.cos().Times(shape.AttentionFactor), angles.sin().Times(shape.AttentionFactor));
        cosines = cat([cosine, cosine], -1).to(dtype).to(device).DetachFromDisposeScope();
        sines = cat([sine.neg(), sine], -1).to(dtype).to(device).DetachFromDisposeScope();
    }
}
