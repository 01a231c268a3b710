using LoRi.Runs.Compare;

namespace LoRi.Runs.Experiments;

/// <summary>
/// Claims that their seeds cannot confirm, whatever the cells say: a permutation of signs of n seeds gives no p below 2^-n, and Holm's
/// method takes it as many times as the claim has comparisons.
/// </summary>
internal static class ClaimReach
{
    /// <summary>A line for each of them.</summary>
    /// <param name="matrix">The matrix.</param>
    /// <param name="list">Its cells.</param>
    public static IEnumerable<string> Notes(Matrix matrix, CellList list) => matrix.Claims
        .Where(claim => claim.Test is ClaimTest.SignFlip or ClaimTest.Trend)
        .Select(claim => Note(claim, list.OfBlock(claim.Block))).OfType<string>();

    private static string? Note(MatrixClaim claim, IReadOnlyList<Cell> cells)
    {
        int[] seeds = [.. cells.Where(cell => cell.Method == claim.First)
            .GroupBy(cell => (cell.Task, cell.Model, cell.Budget, cell.Variant)).Select(same => same.Count())];
        var comparisons = seeds.Length * claim.Others.Count;
        return comparisons == 0 || Least(comparisons, seeds.Max()) is var least && least < ClaimStatistics.Significant ? null
            : FormattableString.Invariant($"the claim {claim.Id} cannot be confirmed: {seeds.Max()} seeds and ")
                + FormattableString.Invariant($"{comparisons} comparison{(comparisons == 1 ? "" : "s")} give no p below {least:0.###}, ")
                + $"{Needed(comparisons)} seeds do";
    }

    private static double Least(int comparisons, int seeds) =>
        comparisons * System.Math.Pow(2, -System.Math.Min(seeds, SignFlip.MostPairs));

    private static int Needed(int comparisons) =>
        Enumerable.Range(1, SignFlip.MostPairs).First(seeds => Least(comparisons, seeds) < ClaimStatistics.Significant);
}
