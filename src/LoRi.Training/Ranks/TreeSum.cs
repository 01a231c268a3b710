using LoRi.Models.Tensors;
using static TorchSharp.torch;

namespace LoRi.Training.Ranks;

/// <summary>
/// The sum of a tensor over ranks as one binary tree over their numbers. Neighbours add halves, then their neighbours' neighbours
/// quarters, until each rank has the sum of its share over all; the way back spreads the shares. Every value is added by one rank, in
/// the order of the tree, and each rank sends two tensors at most.
/// </summary>
/// <param name="rank">The number of this rank.</param>
/// <param name="size">How many there are, a power of two.</param>
/// <param name="exchange">Sends a run of values to another rank, and receives one from it.</param>
internal sealed class TreeSum(int rank, int size, Action<int, Tensor, Tensor> exchange)
{
    /// <summary>Shares are whole blocks, whose norm is the same wherever it is taken.</summary>
    private const long Block = LongNorm.Block;

    /// <summary>Values that are added at a time: as many as fit a processor's cache, and a block for each rank at least.</summary>
    private const long Piece = 1 << 20;

    /// <summary>Each rank's values of its share become their sums over all ranks; its others have no meaning afterwards.</summary>
    /// <param name="flat">The values [n].</param>
    public void SumShares(Tensor flat)
    {
        ArgumentNullException.ThrowIfNull(flat);
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var received = empty(System.Math.Min(PieceOf(size), flat.numel()), flat.dtype, flat.device);
        foreach (var (from, count) in Pieces(size, flat.numel()))
        {
            using var within = NewDisposeScope();
            SumPiece(flat.narrow(0, from, count), received);
        }
    }

    /// <summary>Each rank gets all other ranks' shares.</summary>
    /// <param name="flat">The values [n].</param>
    public void GatherShares(Tensor flat)
    {
        ArgumentNullException.ThrowIfNull(flat);
        using var guard = no_grad();
        foreach (var (from, count) in Pieces(size, flat.numel()))
        {
            using var within = NewDisposeScope();
            GatherPiece(flat.narrow(0, from, count));
        }
    }

    /// <summary>The runs of values that are a rank's share: of every piece, whole blocks but at its end.</summary>
    /// <param name="rank">The number of the rank.</param>
    /// <param name="size">How many there are.</param>
    /// <param name="values">How many values are shared.</param>
    public static IReadOnlyList<(long From, long Count)> Shares(int rank, int size, long values)
    {
        var runs = new List<(long From, long Count)>();
        foreach (var (from, count) in size == 1 ? [(0L, values)] : Pieces(size, values))
        {
            var own = Steps(rank, size, count).Select(step => step.Kept).LastOrDefault(new Share(0, count));
            if (own.Count > 0)
            {
                runs.Add((from + own.From, own.Count));
            }
        }

        return runs;
    }

    private static long PieceOf(int size) => long.Max(Piece, size * Block);

    private static IEnumerable<(long From, long Count)> Pieces(int size, long values)
    {
        for (var from = 0L; from < values; from += PieceOf(size))
        {
            yield return (from, long.Min(PieceOf(size), values - from));
        }
    }

    private void SumPiece(Tensor piece, Tensor received)
    {
        foreach (var (other, kept, given) in Steps(rank, size, piece.numel()))
        {
            var arrived = received.narrow(0, 0, kept.Count);
            exchange(other, given.Of(piece), arrived);
            if (kept.Count > 0)
            {
                kept.Of(piece).IncreaseBy(arrived, 1);
            }
        }
    }

    private void GatherPiece(Tensor piece)
    {
        foreach (var (other, own, missing) in Steps(rank, size, piece.numel()).Reverse())
        {
            exchange(other, own.Of(piece), missing.Of(piece));
        }
    }

    /// <summary>A rank's way through the tree: of what it has, the half that it keeps and the one that another rank keeps.</summary>
    private static IEnumerable<(int Other, Share Kept, Share Given)> Steps(int rank, int size, long values)
    {
        var own = new Share(0, values);
        for (var distance = 1; distance < size; distance *= 2)
        {
            var (kept, given) = own.Halves((rank & distance) == 0);
            yield return (rank ^ distance, kept, given);
            own = kept;
        }
    }

    /// <summary>A run of a piece's values.</summary>
    private readonly record struct Share(long From, long Count)
    {
        public Tensor Of(Tensor piece) => piece.narrow(0, From, Count);

        /// <summary>The half that a rank keeps, and the one that it gives; the first one is of whole blocks.</summary>
        public (Share Kept, Share Given) Halves(bool keepsFirst)
        {
            var half = long.Min(Count, ((Count / 2) + Block - 1) / Block * Block);
            var (first, second) = (new Share(From, half), new Share(From + half, Count - half));
            return keepsFirst ? (first, second) : (second, first);
        }
    }
}
