using static TorchSharp.torch;

namespace LoRi.Models.Decoders;

/// <summary>Rows of ids of different length in one rectangle, padded on one side.</summary>
public sealed class PaddedRows
{
    private readonly int[] lengths;

    private PaddedRows(IReadOnlyList<int[]> rows, bool left, Device device)
    {
        lengths = [.. rows.Select(row => row.Length)];
        Width = lengths.Max();
        PaddedLeft = left;
        SmallestId = rows.Min(row => row.Length == 0 ? 0 : row.Min());
        LargestId = rows.Max(row => row.Length == 0 ? 0 : row.Max());
        Ids = Rectangle(rows, device);
    }

    /// <summary>Number of columns.</summary>
    public int Width { get; }

    /// <summary>Whether padding comes first.</summary>
    public bool PaddedLeft { get; }

    /// <summary>Number of real tokens of each row.</summary>
    public IReadOnlyList<int> Lengths => lengths;

    /// <summary>Ids, int64 [B, T]; padding is id 0, which no mask lets anyone see.</summary>
    public Tensor Ids { get; }

    /// <summary>The smallest id.</summary>
    public int SmallestId { get; }

    /// <summary>The largest id.</summary>
    public int LargestId { get; }

    /// <summary>Whether any row is padded.</summary>
    public bool Ragged => lengths.Any(length => length != Width);

    /// <summary>Padding first, so that the last column is every row's last token.</summary>
    /// <param name="rows">Ids of each row; any lengths.</param>
    /// <param name="device">Where the ids are put.</param>
    public static PaddedRows Left(IReadOnlyList<int[]> rows, Device device) => new(rows, true, device);

    /// <summary>Padding last.</summary>
    /// <param name="rows">Ids of each row; any lengths.</param>
    /// <param name="device">Where the ids are put.</param>
    public static PaddedRows Right(IReadOnlyList<int[]> rows, Device device) => new(rows, false, device);

    /// <summary>The column of a row's token.</summary>
    /// <param name="row">The row, counted from 0.</param>
    /// <param name="token">Its token, counted from 0 without padding.</param>
    public int Column(int row, int token) => (PaddedLeft ? Width - lengths[row] : 0) + token;

    /// <summary>Positions of a first pass.</summary>
    public PassPositions Positions() => After(null);

    /// <summary>Positions of a pass that follows others: <paramref name="before"/> tells real tokens so far and what is visible.</summary>
    /// <param name="before">Where the rows stood; null at their beginning.</param>
    public PassPositions After(Progress? before)
    {
        var start = before?.RealTokens ?? new int[lengths.Length];
        var values = new long[lengths.Length * Width];
        for (var row = 0; row < lengths.Length; row++)
        {
            for (var token = 0; token < lengths[row]; token++)
            {
                values[(row * Width) + Column(row, token)] = start[row] + token;
            }
        }

        var limit = Enumerable.Range(0, lengths.Length).Max(row => start[row] + lengths[row]);
        var positions = tensor(values, [lengths.Length, Width], ScalarType.Int64).to(Ids.device);
        return new PassPositions(positions, limit, Visible(before));
    }

    /// <summary>Where the rows stand after these tokens.</summary>
    /// <param name="before">Where the rows stood; null at their beginning.</param>
    public Progress Advance(Progress? before) => new(
        [.. lengths.Select((length, row) => length + (before?.RealTokens[row] ?? 0))], Visible(before), Width + (before?.Columns ?? 0));

    private Tensor? Visible(Progress? before)
    {
        if (!Ragged && before?.Visible is null)
        {
            return null;
        }

        var flags = new bool[lengths.Length * Width];
        for (var row = 0; row < lengths.Length; row++)
        {
            flags.AsSpan((row * Width) + Column(row, 0), lengths[row]).Fill(true);
        }

        var own = tensor(flags, [lengths.Length, Width], ScalarType.Bool).to(Ids.device);
        return before is null ? own : cat([before.VisibleOrOnes(lengths.Length, Ids.device), own], 1);
    }

    private Tensor Rectangle(IReadOnlyList<int[]> rows, Device device)
    {
        var ids = new long[rows.Count * Width];
        for (var row = 0; row < rows.Count; row++)
        {
            var source = rows[row];
            for (var token = 0; token < source.Length; token++)
            {
                ids[(row * Width) + Column(row, token)] = source[token];
            }
        }

        return tensor(ids, [rows.Count, Width], ScalarType.Int64).to(device);
    }
}

/// <summary>How far every row of a batch has come through several passes.</summary>
/// <param name="RealTokens">Real tokens of each row so far: the next position.</param>
/// <param name="Visible">Bool [B, columns], null where every column is real.</param>
/// <param name="Columns">Columns so far.</param>
public sealed record Progress(int[] RealTokens, Tensor? Visible, int Columns)
{
    /// <summary>One more real token in every row: its positions, and where the rows stand then.</summary>
    /// <param name="device">Where the positions go.</param>
    /// <param name="longest">
    /// Positions that there are; a row that has used all of them, whose states no one reads, stays at the last.
    /// </param>
    public (PassPositions Positions, Progress After) OneToken(Device device, int longest = int.MaxValue)
    {
        var batch = RealTokens.Length;
        var values = tensor([.. RealTokens.Select(count => (long)System.Math.Min(count, longest - 1))], [batch, 1], ScalarType.Int64)
            .to(device);
        var visible = Visible is null ? null : cat([Visible, ones(batch, 1, dtype: ScalarType.Bool, device: device)], 1);
        return (new PassPositions(values, System.Math.Min(RealTokens.Max() + 1, longest), visible),
            new Progress([.. RealTokens.Select(count => count + 1)], visible, Columns + 1));
    }

    internal Tensor VisibleOrOnes(int batch, Device device) => Visible ?? ones(batch, Columns, dtype: ScalarType.Bool, device: device);
}
