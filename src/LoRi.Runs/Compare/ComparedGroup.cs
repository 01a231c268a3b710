using LoRi.Files;

namespace LoRi.Runs.Compare;

/// <summary>Results of one method with the same settings on one data set, one for each seed.</summary>
/// <param name="Dataset">The data set.</param>
/// <param name="Method">The method; in comparisons of demonstrations, what pairs across them.</param>
/// <param name="Variant">What sets it apart from other results of the method; empty where nothing needs to.</param>
/// <param name="Label">How tables call it.</param>
/// <param name="Results">Its results.</param>
public sealed record ComparedGroup(string Dataset, string Method, string Variant, string Label, IReadOnlyList<ComparedResult> Results)
{
    /// <summary>Mean accuracy of its results.</summary>
    public double Accuracy => Results.Average(result => result.Accuracy);

    /// <summary>Answers of all its results where the two rules differ; null where one rule alone scored them.</summary>
    public int? Disagreements => Summed(result => result.Disagreements);

    /// <summary>Answers of all its results that ended without an end token; null where a result does not say.</summary>
    public int? CutOff => Summed(result => result.CutOff);

    /// <summary>Answers of all its results without any text; null where a result does not say.</summary>
    public int? Empty => Summed(result => result.Empty);

    private int? Summed(Func<ComparedResult, int?> count) => Results.All(result => count(result) is not null) ? Results.Sum(count) : null;

    /// <summary>
    /// Puts results of the same settings together. Two results of a method are told apart by the label that the user gave, else
    /// by the settings that differ among results of that method, and where a group would still have a seed twice by the names
    /// of their folders without the seed, at last by the folders themselves.
    /// </summary>
    /// <param name="results">At least one result.</param>
    /// <exception cref="InputException">A label that the user gave stands for a seed twice.</exception>
    public static IReadOnlyList<ComparedGroup> Of(IReadOnlyList<ComparedResult> results)
    {
        ArgumentNullException.ThrowIfNull(results);
        var variants = new Dictionary<ComparedResult, string>(ReferenceEqualityComparer.Instance);
        foreach (var method in results.Where(result => result.Name is null).GroupBy(result => result.Method))
        {
            var all = method.ToArray();
            var bySettings = BySettings(all);
            foreach (var alike in all.Zip(bySettings).GroupBy(pair => pair.Second, pair => pair.First))
            {
                foreach (var (result, variant) in alike.Zip(Separated([.. alike], alike.Key)))
                {
                    variants[result] = variant;
                }
            }
        }

        ComparedGroup[] groups =
        [
            .. results
                .GroupBy(result =>
                    (result.Dataset, Method: result.Name is null || result.IsDemo ? result.Method : "",
                        Variant: result.Name ?? variants[result]))
                .Select(group =>
                    new ComparedGroup(group.Key.Dataset, group.Key.Method, group.Key.Variant, LabelOf(group.Key.Method, group.Key.Variant),
                        [.. group])),
        ];
        foreach (var group in groups)
        {
            RefuseTwice(group);
        }

        return groups;
    }

    private static string LabelOf(string method, string variant) =>
        method.Length == 0 ? variant : variant.Length == 0 ? method : $"{method} ({variant})";

    private static void RefuseTwice(ComparedGroup group)
    {
        var twice = group.Results.GroupBy(result => result.Seed).FirstOrDefault(seeds => seeds.Count() > 1);
        if (twice is not null)
        {
            throw new InputException(
                $"{group.Label} stands for seed {twice.Key?.ToString() ?? "none"} twice "
                + $"on {group.Dataset}: {string.Join(" and ", twice.Select(result => result.Source))}; give every seed once, or another "
                + "NAME= to one of them");
        }
    }

    /// <summary>For each result the settings that are needed to tell it from others, few as possible.</summary>
    private static string[] BySettings(ComparedResult[] results)
    {
        var keys = results.SelectMany(result => result.Settings.Select(setting => setting.Key)).Distinct().ToArray();
        var values = results.Select(result => result.Settings.ToDictionary()).ToArray();
        string Signature(int index, IEnumerable<string> of) =>
            string.Join(' ', of.Select(key => (key.Length == 0 ? "" : $"{key}=") + values[index].GetValueOrDefault(key, "")));
        int Count(IReadOnlyCollection<string> of) =>
            Enumerable.Range(0, results.Length).Select(index => Signature(index, of)).Distinct().Count();
        var kept = new List<string>();
        foreach (var key in keys)
        {
            if (Count([.. kept, key]) > System.Math.Max(1, Count(kept)))
            {
                kept.Add(key);
            }
        }

        string[] settings = [.. Enumerable.Range(0, results.Length).Select(index => Signature(index, kept))];
        values = [.. results.Select(
            (result, index) =>
                values[index].ToDictionary(pair => pair.Key, pair => result.Places.GetValueOrDefault(pair.Key, pair.Value)))];
        return WithSeeds(results, settings, [.. Enumerable.Range(0, results.Length).Select(index => Signature(index, kept))]);
    }

    /// <summary>Labels without seeds where they stand for several, and the whole names where a label stands for one alone.</summary>
    private static string[] WithSeeds(ComparedResult[] results, string[] without, string[] whole)
    {
        var all = results.Zip(without, whole).ToArray();
        var single = all.GroupBy(one => one.Second)
            .Where(group =>
                group.Select(one => one.First.Seed).Distinct().Count() == 1 && group.Select(one => one.Third).Distinct().Count() == 1)
            .Select(group => group.Key).ToHashSet();
        string[] labels = [.. all.Select(one => single.Contains(one.Second) ? one.Third : one.Second)];
        return labels.Distinct().Count() == without.Distinct().Count() ? labels : without;
    }

    /// <summary>
    /// Variants of results whose settings are alike: those settings, with the folder's name where a seed would be there twice.
    /// </summary>
    private static string[] Separated(ComparedResult[] alike, string settings)
    {
        string Joined(string name) => string.Join(' ', new[] { settings, name }.Where(part => part.Length > 0));
        string[] same = [.. alike.Select(_ => settings)];
        string[] stems = [.. WithSeeds(alike, Stems(alike, withSeeds: false), Stems(alike, withSeeds: true)).Select(Joined)];
        return !HasTwice(alike, same) ? same : !HasTwice(alike, stems) ? stems : [.. alike.Select(result => Joined(result.Source))];
    }

    private static bool HasTwice(ComparedResult[] results, string[] variants) =>
        results.Zip(variants).GroupBy(pair => (pair.First.Dataset, pair.First.Seed, pair.Second)).Any(group => group.Count() > 1);

    /// <summary>
    /// The folders without what they share at their beginning and, unless asked for, without their seeds; a demonstration's
    /// folder holds all its seeds.
    /// </summary>
    private static string[] Stems(ComparedResult[] results, bool withSeeds)
    {
        var paths = results.Select(
            result => DistinguishingSettings.WithoutSeed(Path.GetFullPath(result.Source), withSeeds || result.IsDemo ? null : result.Seed)
                .Split('/')).ToArray();
        var shared = Enumerable.Range(0, paths.Min(path => path.Length) - 1).TakeWhile(at => paths.All(path => path[at] == paths[0][at]))
            .Count();
        return [.. paths.Select(path => string.Join('/', path[shared..]))];
    }
}
