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
    /// <summary>Values that are added at a time: as many as fit a processor's cache.</summary>
    private const long Piece = 1 << 20;

    /// <summary>Replaces the values of this rank by the sum over all.</summary>
    /// <param name="flat">The values [n].</param>
    public void Sum(Tensor flat)
    {
        ArgumentNullException.ThrowIfNull(flat);
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var received = empty(System.Math.Min(Piece, flat.numel()), flat.dtype);
        for (var start = 0L; start < flat.numel(); start += Piece)
        {
            using var within = NewDisposeScope();
            SumPiece(flat.narrow(0, start, System.Math.Min(Piece, flat.numel() - start)), received);
        }
    }

    private void SumPiece(Tensor piece, Tensor received)
    {
        var halved = new Stack<Share>();
        var own = new Share(0, piece.numel());
        for (var distance = 1; distance < size; distance *= 2)
        {
            var (kept, given) = own.Halves((rank & distance) == 0);
            var arrived = received.narrow(0, 0, kept.Count);
            exchange(rank ^ distance, given.Of(piece), arrived);
            if (kept.Count > 0)
            {
                kept.Of(piece).IncreaseBy(arrived, 1);
            }

            halved.Push(own);
            own = kept;
        }

        for (var distance = size / 2; distance > 0; distance /= 2)
        {
            var whole = halved.Pop();
            var (_, other) = whole.Halves((rank & distance) == 0);
            exchange(rank ^ distance, own.Of(piece), other.Of(piece));
            own = whole;
        }
    }

    /// <summary>A run of a piece's values.</summary>
    private readonly record struct Share(long From, long Count)
    {
        public Tensor Of(Tensor piece) => piece.narrow(0, From, Count);

        /// <summary>The half that a rank keeps, and the one that it gives.</summary>
        public (Share Kept, Share Given) Halves(bool keepsFirst)
        {
            var (first, second) = (new Share(From, Count / 2), new Share(From + (Count / 2), Count - (Count / 2)));
            return keepsFirst ? (first, second) : (second, first);
        }
    }
}
