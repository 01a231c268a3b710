using static TorchSharp.torch;

namespace LoRi.Training.Teachers;

/// <summary>The upper half of a Gram matrix, in stripes of some rows from the diagonal on.</summary>
internal static class GramStripes
{
    /// <summary>The first row, which is the first column as well, and the number of rows of every stripe.</summary>
    /// <param name="width">Rows of the matrix.</param>
    /// <param name="stripes">How many stripes there are, fewer where there are fewer rows.</param>
    public static IEnumerable<(long From, long Count)> Of(long width, int stripes)
    {
        var size = (width + stripes - 1) / stripes;
        for (var from = 0L; from < width; from += size)
        {
            yield return (from, long.Min(size, width - from));
        }
    }

    /// <summary>A stripe of matrices [.., d, d].</summary>
    public static Tensor Part(Tensor grams, (long From, long Count) stripe) =>
        grams.narrow(-2, stripe.From, stripe.Count).narrow(-1, stripe.From, grams.shape[^1] - stripe.From);

    /// <summary>Adds products of states to a stripe.</summary>
    /// <param name="gram">[d, d].</param>
    /// <param name="states">[n, d].</param>
    /// <param name="stripe">Which of its rows.</param>
    /// <param name="replaces">Whether they take the place of what is there.</param>
    public static void Add(Tensor gram, Tensor states, (long From, long Count) stripe, bool replaces = false)
    {
        using var scope = NewDisposeScope();
        Part(gram, stripe).addmm_(states.narrow(1, stripe.From, stripe.Count).t(),
            states.narrow(1, stripe.From, gram.shape[1] - stripe.From), replaces ? 0 : 1, 1);
    }

    /// <summary>Fills what is below the stripes of matrices [.., d, d] with what is above.</summary>
    /// <param name="grams">The matrices.</param>
    /// <param name="stripes">How many stripes they have.</param>
    public static void Mirror(Tensor grams, int stripes)
    {
        using var scope = NewDisposeScope();
        var width = grams.shape[^1];
        foreach (var (from, count) in Of(width, stripes))
        {
            var (start, rest) = (from + count, width - from - count);
            grams.narrow(-2, start, rest).narrow(-1, from, count).copy_(
                grams.narrow(-2, from, count).narrow(-1, start, rest).transpose(-2, -1));
        }
    }
}
