using System.Globalization;
using LoRi.Files;
using LoRi.Math;
using LoRi.Math.Fluent;
using LoRi.Training.Trajectories;

namespace LoRi.Training.Methods.LoRi;

/// <summary>What a fitted subspace shows of the corpus behind it: states that do not vary, and variances of too few examples.</summary>
internal static class CorpusFindings
{
    /// <summary>Deviations below this share of the states' own size are those of float32 arithmetic.</summary>
    private const double Rounding = 1e-5;

    /// <summary>A variance of this many examples says nothing.</summary>
    private const int TooFew = 2;

    /// <summary>Less of the energy than this is next to nothing, where the subspace was chosen to keep it.</summary>
    private const double LittleEnergy = 0.1;

    /// <summary>What the user should look at, a line each.</summary>
    /// <param name="subspace">The subspace with its variances.</param>
    /// <param name="options">What is aligned, and how.</param>
    /// <param name="source">The option that the corpus comes from, with its value.</param>
    /// <exception cref="InputException">The corpus does not vary at all, and the rationale terms are on.</exception>
    public static IEnumerable<string> Of(MeasuredSubspace subspace, LoRiOptions options, string source)
    {
        ArgumentNullException.ThrowIfNull(subspace);
        ArgumentNullException.ThrowIfNull(options);
        var fitted = subspace.Fitted;
        var still = StillLevels(fitted);
        var isOn = options.Weights is { Rationale: > 0 } weights && (weights.Mean > 0 || weights.Covariance > 0 || weights.Order > 0);
        if (!(fitted.Energy > 0) || still.Length == fitted.Levels)
        {
            var found = $"{source}: the teacher has one and the same state at every rationale token (there are {fitted.Tokens:N0}, in "
                + $"{fitted.Examples:N0} rows), so that the energy kept is 0 of 0: all states are zero after standardisation";
            return isOn ? throw new InputException($"{found}, and there is nothing to align with; name data whose rationales differ, or "
                + "leave these terms off with --lambda-rationale 0") : [$"{found}"];
        }

        return [.. Energy(subspace, source, still), .. Variances(subspace, options, source, isOn)];
    }

    private static IEnumerable<string> Energy(MeasuredSubspace subspace, string source, int[] still)
    {
        var fitted = subspace.Fitted;
        if (still.Length > 0)
        {
            yield return $"{source}: at {(still.Length == 1 ? "level" : "levels")} {string.Join(", ", still)} of {fitted.Levels} the "
                + "teacher has one and the same state at every rationale token, which teaches nothing; --levels names others";
        }

        if (fitted.Kind.IsMultilinearSvd && subspace.EnergyKept is { Value: var kept } && kept < LittleEnergy * fitted.Energy)
        {
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"{source}: ranks {fitted.LayerRank} and {fitted.HiddenRank} keep {100 * kept / fitted.Energy:F1} % of the energy, so "
                    + $"that little of the teacher's reasoning is compared; raise --max-layer-rank or --max-hidden-rank");
        }
    }

    private static IEnumerable<string> Variances(MeasuredSubspace subspace, LoRiOptions options, string source, bool isOn)
    {
        if (!isOn || options.Objective.Rationale.Weighting.IsOff)
        {
            yield break;
        }

        var name = AlignmentSettings.Weighting.Say(options.Values);
        var statistic = options.Objective.Rationale.Weighting.IsStatistic;
        var count = statistic ? subspace.Fitted.Examples : subspace.Fitted.Tokens;
        var unit = statistic ? "rows with a rationale" : "rationale tokens";
        if (count <= TooFew)
        {
            var fault = count == 1 ? "are all zero, so that nothing is weighed" : "say nothing";
            yield return $"{source}: {name} divides by variances over {count} {unit}, which {fault}; give more rows, or --weighting none";
        }
        else if (SubspaceFile.Variances(subspace).Where(one => Array.TrueForAll(one.Values, value => value == 0)).Select(one => one.Name)
            .ToArray() is { Length: > 0 } still)
        {
            yield return $"{source}: {name} divides by variances, and those of {string.Join(", ", still)} over {count:N0} {unit} are "
                + "zero, so that there nothing is weighed; give rows that differ, or --weighting none";
        }
    }

    /// <summary>Levels, counted from 1, whose deviation from their mean is none or rounding.</summary>
    private static int[] StillLevels(FittedSubspace subspace)
    {
        if (!subspace.Standardisation.IsFull)
        {
            return [];
        }

        // A level that never moves at all is divided by one and adds no energy; every other adds as much as it has numbers.
        var moving = subspace.Energy / ((double)subspace.Tokens * subspace.Width);
        var someNever = moving < subspace.Levels - 0.5;
        return [.. Enumerable.Range(0, subspace.Levels)
            .Where(level => (someNever && subspace.Rms[level] == 1) || IsRounding(subspace, level)).Select(level => level + 1)];
    }

    private static bool IsRounding(FittedSubspace subspace, int level)
    {
        var mean = Matrices.Values(subspace.Mean).AsSpan(level * subspace.Width, subspace.Width);
        var square = 0.0;
        foreach (var value in mean)
        {
            square += value * value;
        }

        return subspace.Rms[level] <= Rounding * System.Math.Sqrt(square / subspace.Width);
    }
}
