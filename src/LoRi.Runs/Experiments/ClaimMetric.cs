namespace LoRi.Runs.Experiments;

/// <summary>The numbers of a cell that claims compare.</summary>
internal static class ClaimMetric
{
    /// <summary>Share of all test questions.</summary>
    public const string Accuracy = "accuracy";

    private const string At = Accuracy + "@";

    /// <summary>The last stratum of the task.</summary>
    private const string Longest = At + "longest";

    /// <summary>The names of metrics where there are these strata.</summary>
    public static IEnumerable<string> Names(IEnumerable<string> strata) => [Accuracy, Longest, .. strata.Select(stratum => At + stratum)];

    /// <summary>Whether a text is the name of a metric, of whatever strata.</summary>
    public static bool IsOne(string metric) => metric == Accuracy || Stratum(metric) is { Length: > 0 };

    /// <summary>The stratum of a metric's name; null where it counts all questions.</summary>
    public static string? Stratum(string metric) => metric.StartsWith(At, StringComparison.Ordinal) ? metric[At.Length..] : null;

    /// <summary>The questions of a cell that a metric counts, as marks of right answers; null where it has none such.</summary>
    public static bool[]? Marks(CellResult result, string metric)
    {
        var stratum = metric == Accuracy ? null : metric == Longest ? result.Strata[^1].Name : metric[At.Length..];
        if (stratum is null)
        {
            return [.. result.Right.Select(mark => mark == '1')];
        }

        var first = 0;
        foreach (var one in result.Strata)
        {
            if (one.Name == stratum)
            {
                return [.. result.Right.Substring(first, one.Examples).Select(mark => mark == '1')];
            }

            first += one.Examples;
        }

        return null;
    }
}
