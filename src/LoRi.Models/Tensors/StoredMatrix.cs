using static TorchSharp.torch;

namespace LoRi.Models.Tensors;

/// <summary>Rows of a matrix that are stored in one form.</summary>
/// <param name="Form">The form.</param>
/// <param name="First">The first of them.</param>
/// <param name="Count">How many.</param>
/// <param name="Bytes">Their bytes, uint8 [count x bytes of a row].</param>
internal sealed record StoredRows(StoredForm Form, long First, long Count, Tensor Bytes);

/// <summary>
/// A matrix of weights on the CPU that stays in memory as it is stored, of two, one or half a byte a weight, and is made float32 where it
/// is multiplied: few rows by <see cref="FewRowProduct"/>, in registers; more by libtorch, widened first. Both give what they give for a
/// float32 matrix of the same values.
/// </summary>
internal sealed unsafe class StoredMatrix : IDisposable
{
    private readonly int columns;

    /// <summary>Makes room for rows, whose bytes the caller fills.</summary>
    /// <param name="columns">Weights of a row, whole blocks.</param>
    /// <param name="parts">Their forms, in order, with the number of rows of each: at least those that a product computes at once.</param>
    public StoredMatrix(int columns, IEnumerable<(StoredForm Form, long Rows)> parts)
    {
        this.columns = columns;
        var (made, first) = (new List<StoredRows>(), 0L);
        foreach (var (form, count) in parts)
        {
            made.Add(new(form, first, count, empty([count * form.RowBytes(columns)], ScalarType.Byte).DetachFromDisposeScope()));
            first += count;
        }

        (Parts, Rows) = (made, first);
    }

    /// <summary>Its parts, in order.</summary>
    public IReadOnlyList<StoredRows> Parts { get; }

    /// <summary>Number of rows.</summary>
    public long Rows { get; }

    /// <summary>Bytes that it takes.</summary>
    public long ByteCount => Parts.Sum(part => part.Bytes.numel());

    /// <summary>Whether a matrix of so many rows and columns can be multiplied as it is stored.</summary>
    public static bool CanHold(long rows, long columns) => FewRowProduct.CanRead(rows, columns);

    /// <summary>x W^T, float32 [.., columns] to [.., rows].</summary>
    public Tensor Image(Tensor x)
    {
        if (!FewRowProduct.AreFew(x, columns))
        {
            using var wide = Widened();
            return nn.functional.linear(x, wide);
        }

        var image = empty([.. x.shape[..^1], Rows], ScalarType.Float32);
        using var dense = x.contiguous();
        foreach (var part in Parts)
        {
            fixed (byte* weights = part.Bytes.bytes)
            {
                part.Form.Multiply(weights, part.Count, dense, image, part.First);
            }
        }

        return image;
    }

    /// <summary>Some rows as float32, [n, columns].</summary>
    /// <param name="ids">Which, int64 [n] on the CPU.</param>
    public Tensor Take(Tensor ids)
    {
        var which = ids.data<long>().ToArray();
        var rows = empty([which.Length, columns], ScalarType.Float32);
        fixed (byte* to = rows.bytes)
        {
            for (var at = 0; at < which.Length; at++)
            {
                ArgumentOutOfRangeException.ThrowIfNegative(which[at], nameof(ids));
                ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(which[at], Rows, nameof(ids));
                var part = Parts.First(part => which[at] < part.First + part.Count);
                Widen(part, which[at] - part.First, (float*)to + ((long)at * columns), 1);
            }
        }

        return rows;
    }

    /// <summary>All of it as float32, [rows, columns].</summary>
    public Tensor Widened()
    {
        var values = empty([Rows, columns], ScalarType.Float32);
        fixed (byte* to = values.bytes)
        {
            foreach (var part in Parts)
            {
                Widen(part, 0, (float*)to + (part.First * columns), part.Count);
            }
        }

        return values;
    }

    /// <summary>Whether no weight of a part is NaN or infinite.</summary>
    public bool AreFinite(StoredRows part)
    {
        fixed (byte* weights = part.Bytes.bytes)
        {
            return part.Form.AreFinite(weights, (int)(part.Count * (columns / StoredForm.BlockValues)));
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var part in Parts)
        {
            part.Bytes.Dispose();
        }
    }

    private void Widen(StoredRows part, long row, float* values, long count)
    {
        const long RowsOfAPiece = 64;
        var length = part.Form.RowBytes(columns);
        fixed (byte* from = part.Bytes.bytes)
        {
            var start = (nint)(from + (row * length));
            VectorWork.InPieces(count, RowsOfAPiece, (_, first, end) => part.Form.Widen(
                (byte*)start + (first * length), (int)(end - first) * (columns / StoredForm.BlockValues), values + (first * columns)));
        }
    }
}
