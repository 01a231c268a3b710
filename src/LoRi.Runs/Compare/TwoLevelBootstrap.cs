using LoRi.Models;
using LoRi.Runs.Scoring;

namespace LoRi.Runs.Compare;

/// <summary>
/// The bootstrap of a mean difference over seeds and questions: each resample draws seeds with replacement, and for each drawn seed its
/// questions with replacement, so that the interval counts the spread between seeds as well as that between questions.
/// </summary>
internal static class TwoLevelBootstrap
{
    /// <summary>The percentile interval of the mean difference at a level such as 0.95.</summary>
    /// <param name="first">For each seed a mark of every question, right or not.</param>
    /// <param name="second">The same of the other, with the same questions.</param>
    /// <param name="level">The level.</param>
    /// <param name="resamples">How often.</param>
    /// <param name="seed">Seed of <see cref="SeededRandom.Published"/>.</param>
    public static (double Low, double High) Interval(
        IReadOnlyList<bool[]> first, IReadOnlyList<bool[]> second, double level, int resamples, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        ArgumentOutOfRangeException.ThrowIfZero(first.Count, nameof(first));
        ArgumentOutOfRangeException.ThrowIfNotEqual(second.Count, first.Count, nameof(second));
        int[][] differences = [.. first.Zip(second, (one, other) => one.Zip(other, (a, b) => (a ? 1 : 0) - (b ? 1 : 0)).ToArray())];
        var random = SeededRandom.Published(seed);
        double[] sorted = [.. Enumerable.Range(0, resamples).Select(_ => Resample(differences, random)).Order()];
        return (OrderStatistics.Quantile(sorted, (1 - level) / 2), OrderStatistics.Quantile(sorted, (1 + level) / 2));
    }

    private static double Resample(int[][] differences, SeededRandom random)
    {
        var sum = 0.0;
        for (var draw = 0; draw < differences.Length; draw++)
        {
            var questions = differences[random.BelowByUpperHalf((uint)differences.Length)];
            var found = 0;
            for (var question = 0; question < questions.Length; question++)
            {
                found += questions[random.BelowByUpperHalf((uint)questions.Length)];
            }

            sum += (double)found / questions.Length;
        }

        return sum / differences.Length;
    }
}
