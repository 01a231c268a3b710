using LoRi.Files;

namespace LoRi.Runs.Compare;

/// <summary>Two groups of results compared.</summary>
/// <param name="Dataset">The data set.</param>
/// <param name="First">Label of the first.</param>
/// <param name="Second">Label of the second.</param>
/// <param name="FirstAccuracy">Mean accuracy of the first over the seeds that both have.</param>
/// <param name="SecondAccuracy">The same of the second.</param>
/// <param name="Seeds">Seeds that both have.</param>
/// <param name="Questions">Questions that both answered; 0 where single answers are not kept.</param>
public sealed record MethodComparison(
    string Dataset, string First, string Second, double FirstAccuracy, double SecondAccuracy, int Seeds, int Questions)
{
    private const int Resamples = 10_000;

    /// <summary>
    /// 95 % interval of the difference from the paired bootstrap over questions (means over seeds); null without single answers.
    /// </summary>
    public (double Low, double High)? Interval { get; init; }

    /// <summary>
    /// McNemar's test over the answers of all seeds; null without single answers. Answers to one question under several seeds
    /// are not independent, so that with several seeds its p is a little too small.
    /// </summary>
    public McNemar? McNemar { get; init; }

    /// <summary>
    /// The t-test over seeds, where there are at least two; null otherwise. Where the difference is the same under every seed it has
    /// no p: its deviation of zero would make one right answer more as certain as a hundred.
    /// </summary>
    public PairedTTest? Paired { get; init; }

    /// <summary>McNemar's exact p after Holm's correction over all pairs.</summary>
    public double? McNemarAdjustedP { get; init; }

    /// <summary>The t-test's p after Holm's correction over all pairs.</summary>
    public double? PairedAdjustedP { get; init; }

    /// <summary>The p of the t-test; null where there is none, or its differences do not vary.</summary>
    public double? PairedP => Paired is { Varies: true } test ? test.P : null;

    /// <summary>The p-value that decides: of the t-test where it has one, else McNemar's exact one; null where there is neither.</summary>
    public double? P => PairedP ?? McNemar?.ExactP;

    /// <summary>The same after Holm's correction over all pairs.</summary>
    public double? AdjustedP { get; init; }

    /// <summary>
    /// All pairs of groups on the same data set, in the order given. Of two demonstrations, methods are paired within each, and
    /// each method with itself across them.
    /// </summary>
    /// <param name="groups">The groups.</param>
    /// <param name="seed">Seed of the resampling.</param>
    /// <param name="baseline">Label of a group that every pair must have; null for all pairs.</param>
    /// <exception cref="InputException">There is nothing to compare, or two results do not share their seeds or questions.</exception>
    public static IReadOnlyList<MethodComparison> All(IReadOnlyList<ComparedGroup> groups, ulong seed, string? baseline = null)
    {
        ArgumentNullException.ThrowIfNull(groups);
        if (baseline is not null && groups.All(group => group.Label != baseline))
        {
            throw new InputException(
                $"--baseline {baseline}: there is no such label; there "
                + $"are: {string.Join(", ", groups.Select(group => group.Label).Distinct())}");
        }

        (ComparedGroup First, ComparedGroup Second)[] chosen =
        [
            .. groups.SelectMany((first, index) => groups.Skip(index + 1).Select(second => (First: first, Second: second)))
                .Where(pair => Comparable(pair.First, pair.Second)
                    && (baseline is null || pair.First.Label == baseline || pair.Second.Label == baseline)),
        ];
        return chosen.Length == 0
            ? throw new InputException(
                $"there are no two methods or settings to compare on the same data; "
                + $"found {string.Join(", ", groups.Select(group => $"{group.Label} on {group.Dataset}"))}; name folders of two, or give "
                + "them names with NAME=FOLDER,FOLDER")
            : Adjusted([.. chosen.Select(pair => Matched.Of(pair.First, pair.Second)).ToArray().AsParallel().AsOrdered()
                .Select(pair => Compare(pair, seed))]);
    }

    private static bool Comparable(ComparedGroup first, ComparedGroup second) => first.Dataset == second.Dataset
        && (first.Method == second.Method || first.Variant == second.Variant || !(first.Results[0].IsDemo && second.Results[0].IsDemo));

    private static MethodComparison[] Adjusted(MethodComparison[] pairs)
    {
        var (all, mcNemar, paired) = (Holm(pairs, pair => pair.P), Holm(pairs, pair => pair.McNemar?.ExactP),
            Holm(pairs, pair => pair.PairedP));
        return [.. pairs.Select(
            (pair, index) => pair with { AdjustedP = all[index], McNemarAdjustedP = mcNemar[index], PairedAdjustedP = paired[index] })];
    }

    private static double?[] Holm(MethodComparison[] pairs, Func<MethodComparison, double?> p)
    {
        int[] tested = [.. Enumerable.Range(0, pairs.Length).Where(index => p(pairs[index]) is not null)];
        var adjusted = HolmCorrection.Adjust([.. tested.Select(index => p(pairs[index])!.Value)]);
        var result = new double?[pairs.Length];
        foreach (var (index, value) in tested.Zip(adjusted))
        {
            result[index] = value;
        }

        return result;
    }

    private static MethodComparison Compare(Matched pair, ulong seed)
    {
        var (runs, ids) = (pair.Runs, pair.Questions);
        var (a, b) = (runs.Select(run => run.First.Accuracy).ToArray(), runs.Select(run => run.Second.Accuracy).ToArray());
        double Share(string id, Func<(ComparedResult First, ComparedResult Second), ComparedResult> side) =>
            runs.Average(run => side(run).Correct![id] ? 1.0 : 0.0);
        int Only(Func<bool, bool, bool> which) => runs.Sum(run => ids.Count(id => which(run.First.Correct![id], run.Second.Correct![id])));
        return new MethodComparison(pair.First.Dataset, pair.First.Label, pair.Second.Label, a.Average(), b.Average(), runs.Length,
            ids.Length)
        {
            Interval = ids.Length == 0
                ? null
                : new PairedBootstrap([.. ids.Select(id => Share(id, run => run.First))],
                    [.. ids.Select(id => Share(id, run => run.Second))], Resamples, seed)
                .Interval(0.95, BootstrapInterval.Percentile),
            McNemar = ids.Length == 0 ? null : new McNemar(Only((one, other) => one && !other), Only((one, other) => other && !one)),
            Paired = runs.Length > 1 ? PairedTTest.Of(a, b) : null,
        };
    }

    /// <summary>
    /// Two groups with their results seed by seed and the questions that all of these answered (none where single answers are not
    /// kept).
    /// </summary>
    private sealed record Matched(
        ComparedGroup First, ComparedGroup Second, (ComparedResult First, ComparedResult Second)[] Runs, string[] Questions)
    {
        /// <exception cref="InputException">They share no seed, or not their questions.</exception>
        public static Matched Of(ComparedGroup first, ComparedGroup second)
        {
            var runs = SameSeeds(first.Results, second.Results);
            return runs.Length > 0
                ? new Matched(first, second, runs, SharedQuestions([.. runs.SelectMany(run => new[] { run.First, run.Second })]))
                : throw new InputException($"{first.Label} and {second.Label} have no seed in common; compare runs of the same seeds");
        }

        /// <summary>Results of the same seed; two single results belong together whatever their seeds.</summary>
        private static (ComparedResult First, ComparedResult Second)[] SameSeeds(
            IReadOnlyList<ComparedResult> firsts, IReadOnlyList<ComparedResult> seconds) =>
            firsts.Count == 1 && seconds.Count == 1
                ? [(firsts[0], seconds[0])]
                : [.. from first in firsts from second in seconds where first.Seed is not null && first.Seed == second.Seed
                    orderby first.Seed select (first, second)];

        private static string[] SharedQuestions(ComparedResult[] results)
        {
            if (results.Any(result => result.Correct is null))
            {
                return [];
            }

            var ids = results[0].Correct!.Keys.ToArray();
            foreach (var result in results)
            {
                var missing = ids.Count(id => !result.Correct!.ContainsKey(id));
                if (missing > 0 || result.Correct!.Count != ids.Length)
                {
                    throw new InputException(
                        $"{result.Source}: answers {result.Correct!.Count} questions, {results[0].Source} {ids.Length}, and {missing} of "
                        + "these are missing there; compare evaluations of the same questions");
                }
            }

            return ids;
        }
    }
}
