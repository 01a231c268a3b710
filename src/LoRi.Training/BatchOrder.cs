using LoRi.Models;

namespace LoRi.Training;

/// <summary>
/// Which rows every step trains on: a new seeded permutation of the data each epoch, read in one stream, so that a step's
/// rows follow from its number alone. Epochs join within a batch; nothing is dropped.
/// </summary>
/// <param name="rows">How many rows the data has.</param>
/// <param name="batchSize">Rows of a step.</param>
/// <param name="seed">The same seed gives the same order.</param>
public sealed class BatchOrder(int rows, int batchSize, long seed)
{
    private readonly Dictionary<int, int[]> permutations = [];

    /// <summary>Row numbers of a step, counted from 0.</summary>
    /// <param name="step">The step, counted from 0.</param>
    public int[] RowsOf(int step)
    {
        var first = (long)step * batchSize;
        return [.. Enumerable.Range(0, batchSize)
            .Select(offset => Permutation((int)((first + offset) / rows))[(int)((first + offset) % rows)])];
    }

    private int[] Permutation(int epoch)
    {
        if (!permutations.TryGetValue(epoch, out var permutation))
        {
            permutation = new SeededRandom(seed, $"data order of epoch {epoch}").Permutation(rows);
            permutations.Remove(epoch - 2);
            permutations[epoch] = permutation;
        }

        return permutation;
    }
}
