using System.Globalization;
using LoRi.Files;
using LoRi.Files.Data;
using LoRi.Models;

namespace LoRi.Runs.Plans;

/// <summary>How often the rows of each data file are taken in one pass over the data.</summary>
/// <param name="Weights">A number for each file: its whole part repeats the rows, the rest takes that share of them; none for once.</param>
/// <param name="Seed">Which rows a share takes.</param>
internal sealed record DataWeights(IReadOnlyList<double> Weights, long Seed)
{
    /// <summary>
    /// The rows of one pass: all of them in order, then again, as often as the largest weight asks. A share of n rows has round(share n)
    /// of them, the same ones in every pass, and its rows stay in the files' order.
    /// </summary>
    /// <param name="rows">Some of the set's examples, in its order.</param>
    /// <param name="set">Tells which file a row is of.</param>
    /// <exception cref="InputException">A share has no row.</exception>
    public IReadOnlyList<ReasoningExample> Apply(IReadOnlyList<ReasoningExample> rows, ReasoningSet set)
    {
        if (Weights.All(weight => weight == 1))
        {
            return rows;
        }

        var sources = set.Examples.Zip(set.Sources).ToDictionary(
            pair => pair.First, pair => pair.Second, (IEqualityComparer<ReasoningExample>)ReferenceEqualityComparer.Instance);
        var shares = rows.GroupBy(row => sources[row]).ToDictionary(file => file.Key, file => Share([.. file], file.Key));
        var rounds = (int)System.Math.Ceiling(Weights.Max());
        return
        [
            .. Enumerable.Range(0, rounds).SelectMany(round => rows.Where(row => round + 1 <= Weights[sources[row]]
                || (round < Weights[sources[row]] && shares[sources[row]].Contains(row)))),
        ];
    }

    /// <summary>The rows of a file that the fraction of its weight takes.</summary>
    private HashSet<ReasoningExample> Share(ReasoningExample[] rows, int file)
    {
        var share = Weights[file] - System.Math.Floor(Weights[file]);
        var taken = (int)System.Math.Round(share * rows.Length, MidpointRounding.AwayFromZero);
        if (Weights[file] < 1 && taken == 0)
        {
            throw new InputException(string.Create(CultureInfo.InvariantCulture, $"--data-weights: {Weights[file]} of the {rows.Length} "
                + $"training rows of file {file + 1} of --data is none of them; give a larger weight, or leave the file out"));
        }

        var order = new SeededRandom(Seed, $"share of data file {file}").Permutation(rows.Length);
        return order.Take(taken).Select(at => rows[at]).ToHashSet<ReasoningExample>(ReferenceEqualityComparer.Instance);
    }
}
