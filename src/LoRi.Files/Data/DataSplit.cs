using LoRi.Files.Disk;

namespace LoRi.Files.Data;

/// <summary>Holds rows out for validation.</summary>
public static class DataSplit
{
    /// <summary>
    /// Splits by a hash of the question: the same question is always on the same side, whatever the order, the other
    /// rows and the machine, and a larger fraction only adds to the validation rows.
    /// </summary>
    /// <param name="examples">The rows, in any order.</param>
    /// <param name="validationFraction">The share of the questions that are held out, from 0 to 1.</param>
    /// <returns>The rows to train on and those to validate on, each in the order given.</returns>
    public static (IReadOnlyList<ReasoningExample> Training, IReadOnlyList<ReasoningExample> Validation) ByQuestion(
        IReadOnlyList<ReasoningExample> examples, double validationFraction)
    {
        ArgumentNullException.ThrowIfNull(examples);
        var sides = examples.ToLookup(e => Position(e.Question) < validationFraction);
        return ([.. sides[false]], [.. sides[true]]);
    }

    /// <summary>A number from 0 to 1 that the question alone decides.</summary>
    private static double Position(string question) =>
        (Convert.ToUInt64(ContentHash.OfText(question)[..16], 16) >> 11) / 9007199254740992.0;
}
