namespace LoRi.Training.Statistics;

/// <summary>Two methods compared.</summary>
/// <param name="First">Label of the first.</param>
/// <param name="Second">Label of the second.</param>
/// <param name="FirstAccuracy">Mean accuracy of the first over the seeds that both have.</param>
/// <param name="SecondAccuracy">The same of the second.</param>
/// <param name="Seeds">Seeds that both have.</param>
/// <param name="Questions">Questions that both answered; 0 where single answers are not kept.</param>
/// <param name="Interval">95 % interval of the difference from the paired bootstrap over questions; null without single answers.</param>
/// <param name="McNemar">McNemar's test, where there is one run of each; null otherwise.</param>
/// <param name="Paired">The t-test over seeds, where there are at least two; null otherwise.</param>
/// <param name="P">The p-value that is corrected: McNemar's exact one, else that of the t-test; null where there is neither.</param>
/// <param name="AdjustedP">The same after Holm's correction over all pairs.</param>
public sealed record MethodComparison(
    string First,
    string Second,
    double FirstAccuracy,
    double SecondAccuracy,
    int Seeds,
    int Questions,
    (double Low, double High)? Interval,
    McNemar? McNemar,
    PairedTTest? Paired,
    double? P,
    double? AdjustedP)
{
    private const int Resamples = 10_000;

    /// <summary>All pairs of methods among some results, in the order given.</summary>
    /// <exception cref="InputException">There are fewer than two methods, or two results do not share their questions.</exception>
    public static IReadOnlyList<MethodComparison> All(IReadOnlyList<ComparedResult> results, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(results);
        var methods = Grouped(results);
        if (methods.Count < 2)
        {
            throw new InputException($"there is only one method to compare, {methods.Keys.FirstOrDefault("none")}; name folders of two");
        }

        var labels = methods.Keys.ToArray();
        var pairs = labels.SelectMany((first, index) => labels.Skip(index + 1).Select(second => Pair(first, methods[first], second, methods[second], seed))).ToArray();
        var tested = pairs.Where(pair => pair.P is not null).ToArray();
        var adjusted = HolmCorrection.Adjust([.. tested.Select(pair => pair.P!.Value)]);
        var byPair = tested.Zip(adjusted).ToDictionary(pair => pair.First, pair => pair.Second);
        return [.. pairs.Select(pair => pair with { AdjustedP = byPair.TryGetValue(pair, out var p) ? p : null })];
    }

    /// <summary>Results under their method's name, or under their folder's where a method would have a seed twice.</summary>
    private static Dictionary<string, ComparedResult[]> Grouped(IReadOnlyList<ComparedResult> results)
    {
        var clashes = results.GroupBy(result => (result.Method, result.Seed)).Any(group => group.Count() > 1);
        string Label(ComparedResult result) => clashes ? $"{result.Source} {result.Method}" : result.Method;
        return results.GroupBy(Label).ToDictionary(group => group.Key, group => group.ToArray());
    }

    private static MethodComparison Pair(string first, ComparedResult[] firsts, string second, ComparedResult[] seconds, ulong seed)
    {
        var paired = SameSeeds(firsts, seconds);
        if (paired.Length == 0)
        {
            throw new InputException($"{first} and {second} have no seed in common; compare runs of the same seeds");
        }

        var (a, b) = (paired.Select(pair => pair.First.Accuracy).ToArray(), paired.Select(pair => pair.Second.Accuracy).ToArray());
        var questions = Shares(paired);
        PairedTTest? test = paired.Length > 1 ? PairedTTest.Of(a, b) : null;
        McNemar? mcNemar = paired.Length == 1 && questions.Length > 0
            ? new McNemar(questions.Count(q => q.First > q.Second), questions.Count(q => q.Second > q.First))
            : null;
        (double, double)? interval = questions.Length > 0
            ? new PairedBootstrap([.. questions.Select(q => q.First)], [.. questions.Select(q => q.Second)], Resamples, seed).Interval(0.95, BootstrapInterval.Percentile)
            : null;
        var p = mcNemar?.ExactP ?? (test is { } t && !double.IsNaN(t.P) ? t.P : null);
        return new MethodComparison(first, second, a.Average(), b.Average(), paired.Length, questions.Length, interval, mcNemar, test, p, null);
    }

    /// <summary>Results of the same seed; two single results belong together whatever their seeds.</summary>
    private static (ComparedResult First, ComparedResult Second)[] SameSeeds(ComparedResult[] firsts, ComparedResult[] seconds) =>
        firsts.Length == 1 && seconds.Length == 1
            ? [(firsts[0], seconds[0])]
            : [.. from first in firsts from second in seconds where first.Seed is not null && first.Seed == second.Seed orderby first.Seed select (first, second)];

    /// <summary>For every question the share of seeds under which each method is right; empty where single answers are not kept.</summary>
    private static (double First, double Second)[] Shares((ComparedResult First, ComparedResult Second)[] paired)
    {
        if (paired.Any(pair => pair.First.Correct is null || pair.Second.Correct is null))
        {
            return [];
        }

        var ids = paired[0].First.Correct!.Keys.ToArray();
        foreach (var result in paired.SelectMany(pair => new[] { pair.First, pair.Second }))
        {
            var missing = ids.Count(id => !result.Correct!.ContainsKey(id));
            if (missing > 0 || result.Correct!.Count != ids.Length)
            {
                throw new InputException(
                    $"{result.Source}: answers {result.Correct!.Count} questions, {paired[0].First.Source} {ids.Length}, and {missing} of these are missing there; compare evaluations of the same questions");
            }
        }

        double Share(string id, Func<(ComparedResult First, ComparedResult Second), ComparedResult> side) => paired.Average(pair => side(pair).Correct![id] ? 1.0 : 0.0);
        return [.. ids.Select(id => (Share(id, pair => pair.First), Share(id, pair => pair.Second)))];
    }
}
