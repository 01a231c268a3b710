using MathNet.Numerics.Distributions;

namespace LoRi.Runs.Compare;

/// <summary>McNemar's test of two methods on the same questions, from the questions that only one of them answers rightly.</summary>
/// <param name="OnlyFirst">Questions that only the first answers rightly.</param>
/// <param name="OnlySecond">Questions that only the second answers rightly.</param>
public readonly record struct McNemar(int OnlyFirst, int OnlySecond)
{
    private int Discordant => OnlyFirst + OnlySecond;

    private int Least => System.Math.Min(OnlyFirst, OnlySecond);

    /// <summary>The exact two-sided p, 2 P(X at most the smaller number), X binomial with one half; at most 1.</summary>
    public double ExactP => Discordant == 0 ? 1 : System.Math.Min(1, 2 * Binomial.CDF(0.5, Discordant, Least));

    /// <summary>The mid-p, 2 P(X at most the smaller) - P(X is the smaller): less conservative (Fagerland, Lydersen, Laake 2013).</summary>
    public double MidP => Discordant == 0 ? 1 : (2 * Binomial.CDF(0.5, Discordant, Least)) - Binomial.PMF(0.5, Discordant, Least);
}
