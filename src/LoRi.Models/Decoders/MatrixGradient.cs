using LoRi.Models.Tensors;
using static TorchSharp.torch;

namespace LoRi.Models.Decoders;

/// <summary>The gradient of one matrix over all its uses of a micro-batch, as products and as a table whose rows are looked up.</summary>
/// <param name="sum">Where it is added, in the matrix's shape.</param>
/// <param name="inputFirst">Whether the matrix is stored [inputs, outputs].</param>
internal sealed class MatrixGradient(Tensor sum, bool inputFirst) : MapGradient
{
    private readonly List<(Tensor Ids, Tensor Rows)> lookups = [];

    /// <inheritdoc/>
    protected override bool InputFirst => inputFirst;

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

    /// <inheritdoc/>
    public override void Add()
    {
        base.Add();
        using var scope = NewDisposeScope();
        foreach (var (ids, rows) in lookups.Where(lookup => lookup.Rows.grad is not null))
        {
            sum.IncreaseRows(ids, rows.grad!.to(sum.dtype));
        }

        Forget();
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        base.Dispose();
        Forget();
    }

    private void Forget()
    {
        foreach (var (ids, rows) in lookups)
        {
            ids.Dispose();
            rows.Dispose();
        }

        lookups.Clear();
    }

    /// <inheritdoc/>
    protected override bool IsRecorded(Tensor matrix) => base.IsRecorded(matrix) && matrix.requires_grad;

    /// <summary>In the types of the computation; where the sum has another, the product of all positions is rounded once.</summary>
    protected override void AddProduct(Tensor inputs, Tensor slopes)
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
