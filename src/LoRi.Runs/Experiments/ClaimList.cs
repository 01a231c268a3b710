using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using LoRi.Files;
using LoRi.Files.Settings;

namespace LoRi.Runs.Experiments;

/// <summary>The claims of several experiments in one table, those on one question beside each other.</summary>
public sealed partial class ClaimList
{
    private readonly IReadOnlyList<(string Name, WrittenTable Table)> experiments;
    private readonly IReadOnlyList<(string Experiment, WrittenClaim Claim)> claims;

    private ClaimList(IReadOnlyList<(string Name, WrittenTable Table)> experiments)
    {
        this.experiments = experiments;
        claims = [.. experiments.SelectMany(one => one.Table.Claims.Select(claim => (one.Name, claim)))
            .OrderBy(one => Question(one.claim.Id))];
    }

    /// <summary>Reads what experiments found.</summary>
    /// <param name="settings">Those of <see cref="ExperimentSettings.ClaimsTogether"/>.</param>
    /// <exception cref="InputException">A place is neither an experiment's folder nor its table, or has no claim.</exception>
    public static ClaimList Read(SettingValues settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        return new ClaimList([.. settings.Get(ExperimentSettings.Results).Select(path =>
            (Path.GetFileNameWithoutExtension(Path.TrimEndingDirectorySeparator(path)), WrittenTable.Read(path)))]);
    }

    /// <summary>The claims, then the experiments with their cells and hours.</summary>
    public IReadOnlyList<TextTable> Tables() =>
    [
        new("claims, in points (of a trend: points a step)",
            ["experiment", "claim", "says", "measure", "first minus second, 95 % interval", "seeds", "Holm p", "verdict", "registered"],
            [.. claims.Select(one => Row(one.Experiment, one.Claim))]),
        new("experiments", ["experiment", "cells finished", "of", "hours of one cell at a time"],
            [.. experiments.Select(one => (string[])
            [
                one.Name, $"{one.Table.Finished}", $"{one.Table.Cells}", one.Table.Hours is { } hours ? Fixed(hours, "F1") : "-",
            ])]),
    ];

    /// <summary>The tables as Markdown.</summary>
    public string Markdown() => string.Join('\n', Tables().Select(table => table.Markdown()));

    /// <summary>Everything as JSON.</summary>
    public JsonObject Json() => new()
    {
        ["claims"] = new JsonArray([.. claims.Select(one => Json(one.Experiment, one.Claim))]),
        ["experiments"] = new JsonArray([.. experiments.Select(one => new JsonObject
        {
            ["experiment"] = one.Name,
            ["cells"] = one.Table.Cells,
            ["finished"] = one.Table.Finished,
            ["hours"] = one.Table.Hours,
        })]),
    };

    private static string[] Row(string experiment, WrittenClaim claim) =>
    [
        experiment, claim.Id, claim.Says, Measure(claim), Effects(claim.Comparisons), Seeds(claim), P(claim), claim.Verdict,
        Registered(claim),
    ];

    private static JsonObject Json(string experiment, WrittenClaim claim) => new()
    {
        ["experiment"] = experiment,
        ["id"] = claim.Id,
        ["says"] = claim.Says,
        ["measure"] = Measure(claim),
        ["effects"] = Effects(claim.Comparisons),
        ["seeds"] = Seeds(claim),
        ["holm_p"] = P(claim),
        ["verdict"] = claim.Verdict,
        ["registered"] = Registered(claim),
    };

    /// <summary>What is compared, and how: <c>longest, above 5</c>.</summary>
    private static string Measure(WrittenClaim claim)
    {
        var metric = claim.Metric is not { } name ? "-" : name.Split('@') is [_, var stratum] ? stratum : "all";
        var margin = Fixed(100 * (claim.Margin ?? 0), "0.#");
        return claim.Test switch
        {
            null => metric,
            var test when test == Forms.Name(ClaimTest.Equivalence) => $"{metric}, equal within {margin}",
            var test when test == Forms.Name(ClaimTest.Trend) => $"{metric}, slope",
            _ => $"{metric}, above {margin}",
        };
    }

    /// <summary>The difference of one comparison with its interval; of several the smallest, the largest, and what they decided.</summary>
    private static string Effects(IReadOnlyList<WrittenComparison> comparisons)
    {
        double[] effects = [.. comparisons.Select(one => one.Effect).OfType<double>()];
        if (effects.Length == 0)
        {
            return comparisons.Select(one => one.Note).FirstOrDefault(note => note is { Length: > 0 }) ?? "-";
        }

        if (comparisons is [{ Low: var low, High: var high }])
        {
            var interval = (low, high) is ({ } from, { } to) ? $" ({Fixed(100 * from, "F1")} to {Fixed(100 * to, "F1")})" : "";
            return Points(effects[0]) + interval;
        }

        var decided = string.Join(", ", comparisons.Where(one => one.Verdict != Forms.Name(Verdict.Undecided))
            .GroupBy(one => one.Verdict).OrderBy(group => group.Key, StringComparer.Ordinal)
            .Select(group => $"{group.Count()} of {comparisons.Count} {group.Key}"));
        return $"{Points(effects.Min())} to {Points(effects.Max())}; "
            + (decided.Length > 0 ? decided : $"0 of {comparisons.Count} decided");
    }

    private static string Seeds(WrittenClaim claim)
    {
        int[] seeds = [.. claim.Comparisons.Select(one => one.Seeds).Distinct().Order()];
        return seeds switch { [] or [0] => "-", [var one] => $"{one}", _ => $"{seeds[0]} to {seeds[^1]}" };
    }

    /// <summary>The largest p of the comparisons that have one.</summary>
    private static string P(WrittenClaim claim)
    {
        double[] found = [.. claim.Comparisons.Select(one => one.HolmP).OfType<double>()];
        return found.Length == 0 ? "-"
            : (found.Length > 1 ? "at most " : "") + Fixed(found.Max(), "G2").Replace('E', 'e');
    }

    private static string Registered(WrittenClaim claim) => Mark().Match(claim.Registration) is { Success: true } mark
        ? mark.Groups["before"].Success ? "before" : $"after {mark.Groups["cells"]}"
        : claim.Registration;

    /// <summary>The number in a name such as <c>C9-lift</c>; names without one come last.</summary>
    private static int Question(string id) =>
        int.TryParse(Number().Match(id).ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : int.MaxValue;

    private static string Points(double share) => (share >= 0 ? "+" : "") + Fixed(100 * share, "F1");

    private static string Fixed(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"(?<=\AC)[0-9]+")]
    private static partial Regex Number();

    [GeneratedRegex(@"\Aregistered ((?<before>before) its|after (?<cells>[0-9]+) of its) cells", RegexOptions.ExplicitCapture)]
    private static partial Regex Mark();
}
