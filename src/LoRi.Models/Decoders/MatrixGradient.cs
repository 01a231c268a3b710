using LoRi.Models.Tensors;
using static TorchSharp.torch;

namespace LoRi.Models.Decoders;

/// <summary>The gradient of one matrix over all its uses of a micro-batch, as products and as a table whose rows are looked up.</summary>
/// <param name="sum">Where it is added, in the matrix's shape.</param>
/// <param name="inputFirst">Whether the matrix is stored [inputs, outputs].</param>
internal sealed class MatrixGradient(Tensor sum, bool inputFirst) : IDisposable
{
    /// <summary>Passes of fewer positions are joined: their products alone would mostly read and write the sum.</summary>
    private const long Many = 256;

    private readonly List<(Tensor Inputs, Tensor Image)> products = [];
    private readonly List<(Tensor Ids, Tensor Rows)> lookups = [];
    private bool isClosed;

    /// <summary>x W^T + b, [.., inputs] to [.., outputs], with the gradients of x and b alone in the graph.</summary>
    /// <param name="matrix">W, in the type of <paramref name="x"/>.</param>
    /// <param name="bias">b; null for none.</param>
    /// <param name="x">What is mapped.</param>
    /// <returns>Null where x has no gradient that could lead here, or no gradient is recorded: autograd's own is right then.</returns>
    public Tensor? Image(Tensor matrix, Tensor? bias, Tensor x)
    {
        if (!IsRecorded(matrix) || !x.requires_grad)
        {
            return null;
        }

        var constant = matrix.detach();
        var image = nn.functional.linear(x, inputFirst ? constant.t() : constant, bias).DetachFromDisposeScope();
        image.retain_grad();
        products.Add((x.detach().DetachFromDisposeScope(), image));
        return image.view(image.shape);
    }

    /// <summary>Rows of the table for ids [n]: [n, columns]; null where no gradient is recorded.</summary>
    public Tensor? Rows(Tensor table, Tensor ids)
    {
        if (!IsRecorded(table))
        {
            return null;
        }

        var rows = table.detach().index_select(0, ids).requires_grad_().DetachFromDisposeScope();
        lookups.Add((ids.alias().DetachFromDisposeScope(), rows));
        return rows.view(rows.shape);
    }

    /// <summary>Adds what the backward pass brought.</summary>
    public void Add()
    {
        using var scope = NewDisposeScope();
        var uses = products.Where(use => use.Image.grad is not null)
            .Select(use => (Inputs: Flat(use.Inputs), Slopes: Flat(use.Image.grad!))).ToArray();
        foreach (var (inputs, slopes) in uses.Where(use => use.Inputs.shape[0] >= Many))
        {
            AddProduct(inputs, slopes);
        }

        var few = uses.Where(use => use.Inputs.shape[0] < Many).ToArray();
        if (few.Length > 0)
        {
            AddProduct(Joined(few.Select(use => use.Inputs)), Joined(few.Select(use => use.Slopes)));
        }

        foreach (var (ids, rows) in lookups.Where(lookup => lookup.Rows.grad is not null))
        {
            sum.IncreaseRows(ids, rows.grad!.to(sum.dtype));
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        isClosed = true;
        foreach (var (first, second) in products.Concat(lookups))
        {
            first.Dispose();
            second.Dispose();
        }
    }

    private static Tensor Flat(Tensor x) => x.reshape(-1, x.shape[^1]);

    private static Tensor Joined(IEnumerable<Tensor> parts) => parts.ToArray() is [var only] ? only : cat([.. parts], 0);

    private bool IsRecorded(Tensor matrix) => !isClosed && is_grad_enabled() && matrix.requires_grad;

    /// <summary>In the types of the computation; where the sum has another, the product of all positions is rounded once.</summary>
    private void AddProduct(Tensor inputs, Tensor slopes)
    {
        var (left, right) = inputFirst ? (inputs.t(), slopes) : (slopes.t(), inputs);
        if (sum.dtype == inputs.dtype)
        {
            sum.addmm_(left, right, 1, 1);
        }
        else
        {
            sum.IncreaseBy(left.mm(right), 1);
        }
    }
}
