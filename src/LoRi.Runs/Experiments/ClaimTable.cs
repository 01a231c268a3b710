using LoRi.Runs.Compare;

namespace LoRi.Runs.Experiments;

/// <summary>A claim, its comparisons and its verdict.</summary>
/// <param name="Claim">The claim.</param>
/// <param name="Mark">When it was registered, and whether it was changed.</param>
/// <param name="Comparisons">Its comparisons.</param>
/// <param name="Verdict">The verdict.</param>
internal sealed record DecidedClaim(MatrixClaim Claim, string Mark, IReadOnlyList<ClaimComparison> Comparisons, Verdict Verdict);

/// <summary>Decides the claims of an experiment from the cells that are finished.</summary>
internal static class ClaimTable
{
    /// <summary>A task whose teachers answer fewer questions rightly says nothing about what is learnt from them.</summary>
    public const double LeastTeacher = 0.95;

    /// <summary>All claims of the matrix.</summary>
    public static IReadOnlyList<DecidedClaim> Of(
        Registration registered, Matrix matrix, CellList list, IReadOnlyDictionary<string, CellResult> results) =>
        [.. matrix.Claims.Select(claim => Decide(claim, registered.Mark(claim), list, results))];

    /// <summary>One claim.</summary>
    /// <param name="claim">The claim.</param>
    /// <param name="mark">What is said of its registration.</param>
    /// <param name="list">The cells of the matrix.</param>
    /// <param name="results">Results of the finished ones, by their folders.</param>
    internal static DecidedClaim Decide(
        MatrixClaim claim, string mark, CellList list, IReadOnlyDictionary<string, CellResult> results)
    {
        var cells = list.OfBlock(claim.Block);
        ClaimComparison[] found = [.. from cell in cells.Where(cell => cell.Method == claim.First)
                                      group cell by (cell.Task, cell.Model, cell.Budget, cell.Variant) into firsts
                                      from other in claim.Others
                                      select Compare(claim, [.. firsts], other, cells, results)];
        found = Adjusted(claim, found);
        return new DecidedClaim(claim, mark, found, Whole(claim, found));
    }

    /// <summary>The verdict on the whole claim; where too few comparisons count to confirm it, nothing is known.</summary>
    private static Verdict Whole(MatrixClaim claim, IReadOnlyList<ClaimComparison> found)
    {
        ClaimComparison[] counted = [.. found.Where(one => one.Verdict != Verdict.Out)];
        var needed = claim.AtLeast ?? counted.Length;
        return counted.Length == 0 || counted.Length < needed ? Verdict.Undecided
            : counted.Count(one => one.Verdict == Verdict.Confirmed) >= needed ? Verdict.Confirmed
            : counted.Count(one => one.Verdict == Verdict.Refuted) > counted.Length - needed ? Verdict.Refuted
            : Verdict.Undecided;
    }

    private static ClaimComparison Compare(
        MatrixClaim claim, Cell[] firsts, string other, IReadOnlyList<Cell> cells, IReadOnlyDictionary<string, CellResult> results)
    {
        var sample = firsts[0];
        var group = string.Join(' ', ((string[])[sample.Model, sample.Budget, sample.Variant]).Where(part => part.Length > 0));
        var empty = new ClaimComparison(sample.Task, group, claim.First, other, 0);
        (Cell First, Cell? Other)[] beside = [.. firsts.OrderBy(first => first.Seed).Select(first => (first, Beside(first, other, cells)))];
        var teachers = beside.SelectMany(pair => (Cell?[])[pair.First.TeacherCell, pair.Other?.TeacherCell]).OfType<Cell>();
        if (Unfit(teachers, results) is { } note)
        {
            return empty with { Verdict = Verdict.Out, Note = note };
        }

        (CellResult First, CellResult Other)[] pairs = [.. from pair in beside
                                                          where pair.Other is not null && results.ContainsKey(pair.First.Id)
                                                              && results.ContainsKey(pair.Other.Id)
                                                          select (results[pair.First.Id], results[pair.Other!.Id])];
        return ClaimStatistics.Of(claim, empty, pairs);
    }

    /// <summary>The cell of the other method that a cell is compared with; null where the block has none.</summary>
    private static Cell? Beside(Cell first, string other, IReadOnlyList<Cell> cells) => other == Cell.Teacher ? first.TeacherCell
        : cells.Where(cell => cell.Method == other && cell.Task == first.Task && cell.Model == first.Model && cell.Seed == first.Seed
            && cell.Budget == first.Budget && (cell.Variant == first.Variant || cell.Variant.Length == 0))
            .OrderByDescending(cell => cell.Variant.Length).FirstOrDefault();

    /// <summary>What is to be said where the teachers of one of the two methods do not solve the task; null where they do.</summary>
    private static string? Unfit(IEnumerable<Cell> teachers, IReadOnlyDictionary<string, CellResult> results)
    {
        (string Name, double Accuracy)[] means = [.. from teacher in teachers.DistinctBy(cell => cell.Id)
                                                     where results.ContainsKey(teacher.Id)
                                                     group results[teacher.Id].Accuracy by teacher.Variant into seeds
                                                     select (seeds.Key, seeds.Average())];
        return means.Length > 0 && means.MinBy(mean => mean.Accuracy) is var least && least.Accuracy < LeastTeacher
            ? FormattableString.Invariant($"out: teachers ({least.Name}) answer {100 * least.Accuracy:F1} %")
            : null;
    }

    private static ClaimComparison[] Adjusted(MatrixClaim claim, ClaimComparison[] found)
    {
        int[] tested = [.. Enumerable.Range(0, found.Length).Where(index => found[index].P is not null)];
        foreach (var (index, p) in tested.Zip(HolmCorrection.Adjust([.. tested.Select(index => found[index].P!.Value)])))
        {
            found[index] = found[index] with { AdjustedP = p };
            found[index] = found[index] with { Verdict = ClaimStatistics.Decide(claim, found[index]) };
        }

        return found;
    }
}
