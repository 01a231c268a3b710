using System.Globalization;

namespace LoRi.Runs.Reports;

/// <summary>What a page found, in words.</summary>
internal static class Headline
{
    /// <summary>How the hero answers, beside who writes the chain of thought.</summary>
    /// <param name="hero">What the page is about.</param>
    /// <param name="chain">Who writes its chain, on the same questions; null where there is none, or it is the hero.</param>
    public static string Of(OverviewBar hero, OverviewBar? chain) => chain is null
        ? Answers(hero)
        : $"{Answers(hero)}; the written chain ({chain.Label}) {Share(chain)}{Tokens(chain, "")}";

    private static string Answers(OverviewBar bar) => $"{bar.Label} answers {Share(bar)}{Tokens(bar, " tokens")}";

    private static string Share(OverviewBar bar) => $"{Number(100 * bar.Share)}\u00a0%";

    private static string Tokens(OverviewBar bar, string unit) => bar.Tokens is { } tokens ? $" with {Number(tokens)}{unit}" : "";

    private static string Number(double value) => value.ToString("0.#", CultureInfo.InvariantCulture);
}
