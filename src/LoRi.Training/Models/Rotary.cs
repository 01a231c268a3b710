using TorchSharp;
using static TorchSharp.torch;

namespace LoRi.Training.Models;

/// <summary>
/// Rotary position angles for the half-split rotation: component i turns with component i + size / 2 by
/// position * base^(-2 i / size). The sine table carries the rotation's sign, so that x turns into
/// x * cos + roll(x, size / 2) * sin.
/// </summary>
public sealed class Rotary : IDisposable
{
    private readonly int size;
    private readonly double rotaryBase;
    private readonly ScalarType dtype;
    private readonly Device device;
    private Tensor? cosines;
    private Tensor? sines;
    private int length;

    /// <summary>Angles for heads of <paramref name="size"/> components; tables are made when first needed.</summary>
    public Rotary(int size, double rotaryBase, ScalarType dtype, Device device)
    {
        (this.size, this.rotaryBase, this.dtype, this.device) = (size, rotaryBase, dtype, device);
    }

    /// <summary>Cosines and signed sines for positions [B, T] that lie below <paramref name="limit"/>: each [B, 1, T, size].</summary>
    public (Tensor Cosine, Tensor Sine) At(Tensor positions, int limit)
    {
        EnsureLength(limit);
        var shape = new[] { positions.shape[0], 1, positions.shape[1], size };
        var flat = positions.reshape(-1);
        return (cosines!.index_select(0, flat).view(shape), sines!.index_select(0, flat).view(shape));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        cosines?.Dispose();
        sines?.Dispose();
    }

    private void EnsureLength(int limit)
    {
        if (limit <= length)
        {
            return;
        }

        Dispose();
        length = System.Math.Max(limit, 2 * length);
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        var angleType = dtype == ScalarType.Float64 ? ScalarType.Float64 : ScalarType.Float32;
        var exponents = Enumerable.Range(0, size / 2).Select(i => System.Math.Pow(rotaryBase, -2.0 * i / size)).ToArray();
        var frequencies = tensor(exponents, ScalarType.Float64).to(angleType);
        var angles = arange(length, dtype: angleType).unsqueeze(1).mul(frequencies);
        cosines = cat([angles.cos(), angles.cos()], -1).to(dtype).to(device).DetachFromDisposeScope();
        sines = cat([angles.sin().neg(), angles.sin()], -1).to(dtype).to(device).DetachFromDisposeScope();
    }
}
