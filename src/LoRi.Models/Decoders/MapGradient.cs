using static TorchSharp.torch;

namespace LoRi.Models.Decoders;

/// <summary>
/// The gradients behind one linear map over all its uses of a micro-batch: every use leaves what was mapped and the slope of its image,
/// and sums over all positions are taken from these afterwards.
/// </summary>
internal abstract class MapGradient : IDisposable
{
    /// <summary>Passes of fewer positions are joined: their products alone would mostly read and write the sum.</summary>
    private const long Many = 256;

    /// <summary>Values of a matrix that stays in the processor's caches: its products need not be joined.</summary>
    private const long Few = 1 << 16;

    private readonly List<(Tensor Inputs, Tensor Image)> products = [];
    private readonly List<(Tensor Inputs, Tensor Slopes)> taken = [];
    private bool isClosed;

    /// <summary>x W^T + b, [.., inputs] to [.., outputs], with the gradients of x and b alone in the graph.</summary>
    /// <param name="matrix">W, in the type of <paramref name="x"/>.</param>
    /// <param name="bias">b; null for none.</param>
    /// <param name="x">What is mapped.</param>
    /// <returns>Null where no gradient is recorded.</returns>
    public Tensor? Image(Tensor matrix, Tensor? bias, Tensor x)
    {
        if (!IsRecorded(matrix))
        {
            return null;
        }

        var constant = matrix.detach();
        var image = nn.functional.linear(x, InputFirst ? constant.t() : constant, bias).DetachFromDisposeScope();
        if (image.requires_grad)
        {
            image.retain_grad();
        }
        else
        {
            image.requires_grad_();
        }

        products.Add((x.detach().DetachFromDisposeScope(), image));
        return image.view(image.shape);
    }

    /// <summary>One more use of the map, whose slopes are known.</summary>
    /// <param name="inputs">What was mapped, [n, inputs].</param>
    /// <param name="slopes">Slopes of the images, [n, outputs].</param>
    public void Take(Tensor inputs, Tensor slopes)
    {
        if (inputs.shape[0] >= Many || inputs.shape[1] * slopes.shape[1] <= Few)
        {
            AddProduct(inputs, slopes);
        }
        else
        {
            taken.Add((inputs.alias().DetachFromDisposeScope(), slopes.alias().DetachFromDisposeScope()));
        }
    }

    /// <summary>Uses that are recorded and not added yet.</summary>
    public int Uses => products.Count;

    /// <summary>Adds what the backward pass brought, and forgets the uses.</summary>
    public virtual void Add() => AddFrom(0);

    /// <summary>The same for those uses alone that were recorded from a number on.</summary>
    public void AddFrom(int first)
    {
        using var scope = NewDisposeScope();
        var uses = products.Skip(first).Where(use => use.Image.grad is not null)
            .Select(use => (Inputs: Flat(use.Inputs), Slopes: Flat(use.Image.grad!))).Concat(taken).ToArray();
        foreach (var (inputs, slopes) in uses.Where(use => use.Inputs.shape[0] >= Many))
        {
            AddProduct(inputs, slopes);
        }

        var few = uses.Where(use => use.Inputs.shape[0] < Many).ToArray();
        if (few.Length > 0)
        {
            AddProduct(Joined(few.Select(use => use.Inputs)), Joined(few.Select(use => use.Slopes)));
        }

        Forget(first);
    }

    /// <inheritdoc/>
    public virtual void Dispose()
    {
        isClosed = true;
        Forget(0);
    }

    /// <summary>Whether the matrix is stored [inputs, outputs].</summary>
    protected abstract bool InputFirst { get; }

    /// <summary>Whether the uses of a matrix are recorded.</summary>
    protected virtual bool IsRecorded(Tensor matrix) => !isClosed && is_grad_enabled();

    /// <summary>Adds to the gradients what some positions bring.</summary>
    /// <param name="inputs">What was mapped, [n, inputs].</param>
    /// <param name="slopes">Slopes of the images, [n, outputs].</param>
    protected abstract void AddProduct(Tensor inputs, Tensor slopes);

    private void Forget(int first)
    {
        foreach (var (inputs, other) in products.Skip(first).Concat(taken))
        {
            inputs.Dispose();
            other.Dispose();
        }

        products.RemoveRange(first, products.Count - first);
        taken.Clear();
    }

    private static Tensor Flat(Tensor x) => x.reshape(-1, x.shape[^1]);

    private static Tensor Joined(IEnumerable<Tensor> parts) => parts.ToArray() is [var only] ? only : cat([.. parts], 0);
}
