using System.Globalization;

namespace LoRi.Training.TeacherCaches;

/// <summary>Bytes that values of a corpus take on disk.</summary>
/// <param name="PerToken">Of one token.</param>
/// <param name="PerRow">Of one row beside its tokens: its anchor and its place in the index.</param>
internal readonly record struct ValueBytes(long PerToken, long PerRow)
{
    private const long IndexEntry = 2 * sizeof(long);

    /// <summary>For states or coordinates of a size, with anchors of L levels of d components.</summary>
    public static ValueBytes Of(long perToken, long levels, long width, int valueBytes) =>
        new(perToken * valueBytes, (levels * width * valueBytes) + IndexEntry);

    /// <summary>Bytes of some rows and tokens.</summary>
    public long Total(long rows, long tokens) => (PerRow * rows) + (PerToken * tokens);
}

/// <summary>Which batches go into which file, known before anything is computed.</summary>
internal static class ShardPlan
{
    /// <summary>Files of whole batches, none above <paramref name="limit"/> bytes unless one batch is.</summary>
    /// <param name="batches">The rows of every batch.</param>
    /// <param name="lengths">Rationale tokens by row.</param>
    /// <param name="bytes">What a token and a row take.</param>
    /// <param name="limit">Bytes of a file.</param>
    public static List<CacheShard> Of(IReadOnlyList<int[]> batches, IReadOnlyDictionary<int, int> lengths, ValueBytes bytes, long limit)
    {
        var shards = new List<CacheShard>();
        var (first, rows, tokens) = (0, 0, 0L);
        for (var batch = 0; batch < batches.Count; batch++)
        {
            var own = batches[batch].Sum(row => (long)lengths[row]);
            if (batch > first && bytes.Total(rows + batches[batch].Length, tokens + own) > limit)
            {
                shards.Add(Shard(shards.Count, first, batch - first, rows, tokens));
                (first, rows, tokens) = (batch, 0, 0);
            }

            (rows, tokens) = (rows + batches[batch].Length, tokens + own);
        }

        shards.Add(Shard(shards.Count, first, batches.Count - first, rows, tokens));
        return shards;
    }

    private static CacheShard Shard(int number, int first, int batches, int rows, long tokens) => new(
        string.Create(CultureInfo.InvariantCulture, $"{number + 1:00000}.safetensors"), first, batches, rows, tokens, Sha256: null);
}
