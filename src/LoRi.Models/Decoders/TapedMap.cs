using LoRi.Models.Tensors;
using static TorchSharp.torch;

namespace LoRi.Models.Decoders;

/// <summary>One use of a linear map with its way back: x W^T + b and what adapters add, and the slopes of x and of what learns.</summary>
/// <param name="map">The map.</param>
internal sealed class TapedMap(LinearMap map) : IDisposable
{
    private ulong? mask;
    private Tensor? inner;

    /// <summary>Whether all gradients that the map has are taken on its way back.</summary>
    public static bool Fits(LinearMap map) =>
        !map.InputFirst && (map.Bias is null || TapedBlock.HasGradient(map.Bias)) && IsTaken(map.Matrix, map.Deferred)
        && (map.Adapter is not { } adapter || (IsTaken(adapter.Down, adapter.Deferred)
            && adapter.Parts.All(part => part.Up is null || IsTaken(part.Up, part.Deferred))));

    /// <summary>The image of rows [n, inputs], [n, outputs]; made again, it is the same.</summary>
    public Tensor Image(Tensor rows)
    {
        var image = nn.functional.linear(rows, map.Matrix, map.Bias);
        if (map.Adapter is not { } adapter)
        {
            return image;
        }

        if (adapter.Dropout is { } dropout)
        {
            mask ??= dropout.Drawn++;
        }

        inner = nn.functional.linear(Dropped(rows), adapter.Down).DetachFromDisposeScope();
        foreach (var (part, up, row, column) in adapter.Placed())
        {
            var given = inner.narrow(1, column, up.shape[1]).Multiply(part.Scaling);
            image.narrow(1, row, part.Outputs).addmm_(given, up.t(), 1, 1);
        }

        return image;
    }

    /// <summary>Takes the gradients behind the map and gives the slopes of its rows, [n, inputs].</summary>
    /// <param name="rows">What was mapped, [n, inputs].</param>
    /// <param name="slopes">Slopes of its image, [n, outputs].</param>
    public Tensor Slopes(Tensor rows, Tensor slopes)
    {
        map.Deferred?.Gradient.Take(rows, slopes);
        if (map.Bias is not null)
        {
            TapedBlock.GradientOf(map.Bias)?.IncreaseBy(slopes.sum([0L]), 1);
        }

        var before = slopes.mm(map.Matrix);
        if (map.Adapter is { } adapter)
        {
            AddSlopes(adapter, before, rows, slopes);
        }

        return before;
    }

    /// <summary>Lets go of what <see cref="Image"/> kept; made again, the image has the mask that it had.</summary>
    public void Dispose()
    {
        inner?.Dispose();
        inner = null;
    }

    private static bool IsTaken(Tensor matrix, DeferredMatrix? deferred) =>
        deferred is null ? !matrix.requires_grad : ReferenceEquals(deferred.Matrix, matrix);

    private void AddSlopes(LowRankMap adapter, Tensor before, Tensor rows, Tensor slopes)
    {
        var down = empty_like(inner!);
        foreach (var (part, up, row, column) in adapter.Placed())
        {
            var own = slopes.narrow(1, row, part.Outputs);
            part.Deferred?.Gradient.Take(inner!.narrow(1, column, up.shape[1]), own);
            down.narrow(1, column, up.shape[1]).copy_(own.mm(up).Multiply(part.Scaling));
        }

        adapter.Deferred?.Gradient.Take(Dropped(rows), down);
        if (mask is { } number)
        {
            adapter.Dropout!.AddDropped(before, down.mm(adapter.Down), number);
        }
        else
        {
            before.addmm_(down, adapter.Down, 1, 1);
        }
    }

    private Tensor Dropped(Tensor rows) => mask is { } number ? map.Adapter!.Dropout!.Dropped(rows, number) : rows;
}
