using System.Text;
using LoRi.Files.Text;

namespace LoRi.Files.Tokenizers;

/// <summary>
/// Byte-pair encoding over bytes: of all neighbouring pairs the one that comes first in the list of merges is merged, the leftmost
/// of equals, until none is left. The time grows with n log n in the length of a piece, whatever the piece: a text without spaces
/// is one. (Microsoft.ML.Tokenizers, which gives the same ids, takes n squared.)
/// </summary>
internal sealed class BpeModel : ITokenModel
{
    /// <summary>Pieces up to this many bytes are worked on in memory of the stack.</summary>
    private const int ShortPiece = 256;

    private readonly Dictionary<string, int>? whole;
    private readonly Dictionary<(int Left, int Right), Merge> merges;
    private readonly int[] bytes;
    private readonly HashSet<int> made;

    /// <summary>Builds the merge table.</summary>
    /// <param name="source">The file, for messages.</param>
    /// <param name="vocabulary">Token, in the byte alphabet, to id.</param>
    /// <param name="merges">The merges, first merged first.</param>
    /// <param name="unknown">What stands for a byte that the vocabulary lacks; such bytes are left out when it is null.</param>
    /// <param name="ignoreMerges">Whether a piece that is in the vocabulary is taken whole, whatever the merges give.</param>
    /// <exception cref="InputException">A merge has a side or a result that the vocabulary lacks.</exception>
    public BpeModel(
        string source, Dictionary<string, int> vocabulary, IEnumerable<(string Left, string Right)> merges, int? unknown, bool ignoreMerges)
    {
        whole = ignoreMerges ? vocabulary : null;
        bytes = [.. Enumerable.Range(0, 256)
            .Select(value => vocabulary.TryGetValue(ByteAlphabet.Write((byte)value), out var id) ? id : unknown ?? -1)];
        this.merges = [];
        var rank = 0;
        foreach ((var left, var right) in merges)
        {
            this.merges[(Id(left), Id(right))] = new Merge(rank++, Id(left + right));
        }

        made = [.. bytes, .. this.merges.Values.Select(merge => merge.Id)];

        int Id(string token) => vocabulary.TryGetValue(token, out var id) ? id : throw new InputException(
            $"{source}: model.merges: number {rank + 1} needs {MessageText.Quote(token)}, which the vocabulary lacks; the file is damaged");
    }

    /// <inheritdoc/>
    public bool MayMake(int id) => made.Contains(id);

    private readonly record struct Merge(int Rank, int Id);

    /// <inheritdoc/>
    public int[] Encode(ReadOnlySpan<char> piece)
    {
        var length = Encoding.UTF8.GetByteCount(piece);
        var bytes = length <= ShortPiece ? stackalloc byte[length] : new byte[length];
        Encoding.UTF8.GetBytes(piece, bytes);
        if (whole is not null && FindWhole(whole, bytes) is int id)
        {
            return [id];
        }

        var symbols = length <= ShortPiece ? stackalloc Symbol[length] : new Symbol[length];
        var count = 0;
        foreach (var value in bytes)
        {
            if (this.bytes[value] >= 0)
            {
                symbols[count] = new Symbol { Id = this.bytes[value], Left = count - 1, Right = count + 1 };
                count++;
            }
        }

        return MergeAll(symbols[..count]);
    }

    private static int? FindWhole(Dictionary<string, int> vocabulary, ReadOnlySpan<byte> bytes)
    {
        var token = bytes.Length <= ShortPiece ? stackalloc char[bytes.Length] : new char[bytes.Length];
        ByteAlphabet.Write(bytes, token);
        return vocabulary.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(token, out var id) ? id : null;
    }

    /// <summary>
    /// Merges symbols in place; those that are merged into their left neighbour get the id -1. A candidate in the queue is outdated
    /// where the pair at its place is another by now, which has another rank.
    /// </summary>
    private int[] MergeAll(Span<Symbol> symbols)
    {
        PriorityQueue<int, long> candidates = new(symbols.Length);
        for (var at = 0; at < symbols.Length; at++)
        {
            Propose(symbols, at, candidates);
        }

        var count = symbols.Length;
        while (candidates.TryDequeue(out var at, out var key))
        {
            if (Find(symbols, at) is not Merge merge || merge.Rank != key >> 32)
            {
                continue;
            }

            var right = symbols[at].Right;
            symbols[at].Id = merge.Id;
            symbols[at].Right = symbols[right].Right;
            symbols[right].Id = -1;
            if (symbols[at].Right < symbols.Length)
            {
                symbols[symbols[at].Right].Left = at;
            }

            count--;
            Propose(symbols, at, candidates);
            Propose(symbols, symbols[at].Left, candidates);
        }

        return Ids(symbols, count);
    }

    private static int[] Ids(ReadOnlySpan<Symbol> symbols, int count)
    {
        var ids = new int[count];
        for (int i = 0, at = 0; i < count; i++, at = symbols[at].Right)
        {
            ids[i] = symbols[at].Id;
        }

        return ids;
    }

    private void Propose(ReadOnlySpan<Symbol> symbols, int at, PriorityQueue<int, long> candidates)
    {
        if (Find(symbols, at) is Merge merge)
        {
            candidates.Enqueue(at, ((long)merge.Rank << 32) | (uint)at);
        }
    }

    /// <summary>How the symbol at a place merges with the one on its right; null where it does not.</summary>
    private Merge? Find(ReadOnlySpan<Symbol> symbols, int at) =>
        at >= 0 && symbols[at].Id >= 0 && symbols[at].Right < symbols.Length
        && merges.TryGetValue((symbols[at].Id, symbols[symbols[at].Right].Id), out var merge)
            ? merge
            : null;

    /// <summary>A token of the piece and its neighbours' places; -1 and the number of symbols where there is none.</summary>
    private struct Symbol
    {
        public int Id, Left, Right;
    }
}
