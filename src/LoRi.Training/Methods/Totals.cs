namespace LoRi.Training.Methods;

/// <summary>
/// What the sums of a step's terms are divided by, by name: rows, graded tokens. Totals of parts add up to those of the whole step, so
/// that any cut into micro-batches, on one machine or on several, gives the same loss.
/// </summary>
public sealed class Totals
{
    /// <summary>Rows of the step.</summary>
    public const string Rows = "rows";

    /// <summary>Tokens that the task's cross-entropy grades.</summary>
    public const string Task = "task";

    private readonly Dictionary<string, long> counts;

    /// <summary>Counts by name.</summary>
    /// <param name="counts">Names, each once, with how much there is in the whole step.</param>
    public Totals(params (string Name, long Count)[] counts)
    {
        ArgumentNullException.ThrowIfNull(counts);
        this.counts = counts.ToDictionary(pair => pair.Name, pair => pair.Count);
    }

    /// <summary>A count; 0 where nothing was counted under this name.</summary>
    /// <param name="name">What was counted.</param>
    public long this[string name] => counts.GetValueOrDefault(name);

    /// <summary>The totals of two parts together.</summary>
    public static Totals operator +(Totals left, Totals right)
    {
        ArgumentNullException.ThrowIfNull(left);
        ArgumentNullException.ThrowIfNull(right);
        return new([.. left.counts.Keys.Union(right.counts.Keys).Select(name => (name, left[name] + right[name]))]);
    }
}
