using System.Collections.Concurrent;

namespace LoRi.Files.Tokenizers;

/// <summary>
/// Remembers the ids of pieces that were met before; words repeat, so this is most of the speed. Safe to use from several
/// threads.
/// </summary>
internal sealed class PieceCache(ITokenModel model)
{
    private const int MostEntries = 1 << 17, LongestPiece = 64;

    private readonly ConcurrentDictionary<string, int[]> known = new(StringComparer.Ordinal);
    private int entries;

    /// <summary>Whether a token of the vocabulary may come from ordinary text.</summary>
    public bool MayMake(int id) => model.MayMake(id);

    /// <summary>The ids of a piece of text.</summary>
    public int[] Encode(ReadOnlySpan<char> piece)
    {
        if (piece.Length > LongestPiece)
        {
            return model.Encode(piece);
        }

        var bySpan = known.GetAlternateLookup<ReadOnlySpan<char>>();
        if (bySpan.TryGetValue(piece, out var ids))
        {
            return ids;
        }

        ids = model.Encode(piece);
        if (entries < MostEntries && bySpan.TryAdd(piece, ids))
        {
            Interlocked.Increment(ref entries);
        }

        return ids;
    }
}
