using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using LoRi.Files.Settings;

namespace LoRi.Runs.Experiments;

/// <summary>A claim as one line of a table.</summary>
/// <param name="Experiment">The experiment's name.</param>
/// <param name="Claim">The claim as it was decided.</param>
internal sealed partial record ClaimLine(string Experiment, WrittenClaim Claim)
{
    private IReadOnlyList<double> Effects => [.. Claim.Comparisons.Select(one => one.Effect).OfType<double>()];

    private double? LargestP => Claim.Comparisons.Select(one => one.HolmP).OfType<double>().Cast<double?>().Max();

    /// <summary>Experiment, claim, what it says, measure, differences, seeds, p, verdict, registration.</summary>
    public string[] Cells() =>
        [Experiment, Claim.Id, Claim.Says, Measure(), Differences(), Seeds(), P(), Claim.Verdict, Registered()];

    /// <summary>The same with numbers as numbers.</summary>
    public JsonObject Json()
    {
        var (effects, single) = (Effects, Claim.Comparisons.Count == 1 ? Claim.Comparisons[0] : null);
        return new JsonObject
        {
            ["experiment"] = Experiment,
            ["id"] = Claim.Id,
            ["says"] = Claim.Says,
            ["metric"] = Claim.Metric,
            ["test"] = Claim.Test,
            ["margin"] = Claim.Margin,
            ["at_least"] = Claim.AtLeast,
            ["comparisons"] = Claim.Comparisons.Count,
            ["confirmed"] = Count(Verdict.Confirmed),
            ["refuted"] = Count(Verdict.Refuted),
            ["out"] = Count(Verdict.Out),
            ["fewest_seeds"] = Claim.Comparisons.Min(one => one.Seeds),
            ["smallest_effect"] = effects.Count > 0 ? effects.Min() : null,
            ["largest_effect"] = effects.Count > 0 ? effects.Max() : null,
            ["low"] = single?.Low,
            ["high"] = single?.High,
            ["largest_holm_p"] = LargestP,
            ["verdict"] = Claim.Verdict,
            ["registration"] = Claim.Registration,
        };
    }

    /// <summary>What is compared, and how: <c>longest, above 5</c>.</summary>
    private string Measure()
    {
        var metric = Claim.Metric is not { } name ? "-" : ClaimMetric.Stratum(name) is not { } stratum ? "all"
            : char.IsAsciiDigit(stratum[0]) ? $"at {stratum}" : stratum;
        var margin = Fixed(100 * (Claim.Margin ?? 0), "0.#");
        return Claim.Test is not { } test ? metric
            : test == Forms.Name(ClaimTest.Equivalence) ? $"{metric}, equal within {margin}"
            : test == Forms.Name(ClaimTest.Trend) ? $"{metric}, slope above {margin}"
            : $"{metric}, above {margin}";
    }

    /// <summary>The difference of one comparison with its interval; of several the smallest, the largest, and what they decided.</summary>
    private string Differences()
    {
        var effects = Effects;
        if (effects.Count == 0)
        {
            string[] notes = [.. Claim.Comparisons.Select(one => one.Note).OfType<string>().Where(note => note.Length > 0).Distinct()];
            return notes.Length == 0 ? "-" : string.Join("; ", notes);
        }

        if (Claim.Comparisons is [{ Low: var low, High: var high }])
        {
            var interval = (low, high) is ({ } from, { } to) ? $" ({Tenths(from)} to {Tenths(to)})" : "";
            return Points(effects[0]) + interval;
        }

        return $"{Points(effects.Min())} to {Points(effects.Max())}; {Decided()}";
    }

    private string Decided()
    {
        var of = Claim.Comparisons.Count;
        string[] words =
        [
            .. ((Verdict[])[Verdict.Confirmed, Verdict.Refuted, Verdict.Out]).Where(word => Count(word) > 0)
                .Select(word => $"{Count(word)} of {of} {Forms.Name(word)}"),
        ];
        return (words.Length == 0 ? $"0 of {of} decided" : string.Join(", ", words))
            + (Claim.AtLeast is { } least ? $" ({least} needed)" : "");
    }

    private int Count(Verdict word) => Claim.Comparisons.Count(one => one.Verdict == Forms.Name(word));

    private string Seeds()
    {
        int[] seeds = [.. Claim.Comparisons.Select(one => one.Seeds).Distinct().Order()];
        return seeds switch { [0] => "-", [var one] => $"{one}", _ => $"{seeds[0]} to {seeds[^1]}" };
    }

    private string P() => LargestP is not { } p ? "-"
        : (Claim.Comparisons.Count > 1 ? "largest " : "") + Fixed(p, "G2").Replace('E', 'e');

    private string Registered() => Mark().Match(Claim.Registration) is { Success: true } mark
        ? mark.Groups["before"].Success ? "before" : $"after {mark.Groups["cells"]}"
        : Claim.Registration;

    private static string Points(double share) => Tenths(share) is var text && text.StartsWith('-') ? text : "+" + text;

    /// <summary>Points to a tenth, of which none is a negative zero.</summary>
    private static string Tenths(double share) => Fixed(100 * share, "F1") is var text && text == "-0.0" ? "0.0" : text;

    private static string Fixed(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"\Aregistered ((?<before>before) its|after (?<cells>[0-9]+) of its) cells", RegexOptions.ExplicitCapture)]
    private static partial Regex Mark();
}
