using LoRi.Files.Settings;
using LoRi.Files.Text;

namespace LoRi.Runs.Experiments;

/// <summary>A claim as it was decided.</summary>
internal sealed record WrittenClaim
{
    /// <summary>Its name.</summary>
    public required string Id { get; init; }

    /// <summary>What it says.</summary>
    public required string Says { get; init; }

    /// <summary>What is compared; null in files of older versions, as are the test and the margin.</summary>
    public string? Metric { get; init; }

    /// <summary>The test.</summary>
    public string? Test { get; init; }

    /// <summary>The difference that it must exceed, or that counts as none.</summary>
    public double? Margin { get; init; }

    /// <summary>How many comparisons must be confirmed; null where all must.</summary>
    public int? AtLeast { get; init; }

    /// <summary>The verdict.</summary>
    public required string Verdict { get; init; }

    /// <summary>When it was registered.</summary>
    public required string Registration { get; init; }

    /// <summary>Its comparisons.</summary>
    public required IReadOnlyList<WrittenComparison> Comparisons { get; init; }

    /// <summary>What cannot be in a claim; null where there is nothing such.</summary>
    public string? Fault()
    {
        var fault = Comparisons.Count == 0 ? "has no comparison"
            : Comparisons.Any(one => one is null) ? "has a comparison that is null"
            : !Words<Verdict>.Has(Verdict) ? $"has the verdict {MessageText.Quote(Verdict)}, which is none"
            : Test is not null && !Words<ClaimTest>.Has(Test) ? $"has the test {MessageText.Quote(Test)}, which is none"
            : Metric is not null && !ClaimMetric.IsOne(Metric) ? $"has the metric {MessageText.Quote(Metric)}, which is none"
            : Bounds.Outside("margin", Margin, 0, 1) ?? Bounds.Outside("at_least", AtLeast, 1, Comparisons.Count)
                ?? Comparisons.Select(one => one.Fault()).FirstOrDefault(one => one is not null);
        return fault is null ? null : $"the claim {MessageText.Quote(Id)}: {fault}";
    }
}

/// <summary>A comparison of a claim as it was decided.</summary>
internal sealed record WrittenComparison
{
    /// <summary>Seeds that both have.</summary>
    public required int Seeds { get; init; }

    /// <summary>Mean difference over seeds; null where there is none.</summary>
    public double? Effect { get; init; }

    /// <summary>The lower end of its 95 % interval; null where there is none.</summary>
    public double? Low { get; init; }

    /// <summary>The upper end.</summary>
    public double? High { get; init; }

    /// <summary>p after Holm's correction within the claim; null where there is none.</summary>
    public double? HolmP { get; init; }

    /// <summary>What follows.</summary>
    public required string Verdict { get; init; }

    /// <summary>What is to be said beside it.</summary>
    public string? Note { get; init; }

    /// <summary>What cannot be in a comparison; null where there is nothing such.</summary>
    public string? Fault() => Bounds.Outside("seeds", Seeds, 0, int.MaxValue) ?? Bounds.Outside("effect", Effect, -1, 1)
        ?? Bounds.Outside("holm_p", HolmP, 0, 1)
        ?? Bounds.Outside("low", Low, double.MinValue, Effect ?? double.MaxValue)
        ?? Bounds.Outside("high", High, Effect ?? double.MinValue, double.MaxValue)
        ?? (Words<Verdict>.Has(Verdict) ? null : $"a comparison has the verdict {MessageText.Quote(Verdict)}, which is none");
}

/// <summary>The names of an enumeration's values as they are written.</summary>
internal static class Words<T>
    where T : struct, Enum
{
    private static readonly HashSet<string> All = [.. Enum.GetValues<T>().Select(Forms.Name)];

    /// <summary>Whether a text is one of them.</summary>
    public static bool Has(string word) => All.Contains(word);
}
