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
        ExperimentFolder folder, Matrix matrix, CellList list, IReadOnlyDictionary<string, CellResult> results) =>
        [.. matrix.Claims.Select(claim => Decide(claim, Registration.Mark(folder, claim), list, results))];

    private static DecidedClaim Decide(
        MatrixClaim claim, string mark, CellList list, IReadOnlyDictionary<string, CellResult> results)
    {
        var cells = list.OfBlock(claim.Block);
        ClaimComparison[] found = [.. from cell in cells.Where(cell => cell.Method == claim.First)
                                      group cell by (cell.Task, cell.Model, cell.Budget, cell.Variant) into firsts
                                      from other in claim.Others
                                      select Compare(claim, [.. firsts], other, cells, results)];
        found = Adjusted(claim, found);
        ClaimComparison[] counted = [.. found.Where(one => one.Verdict != Verdict.Out)];
        var needed = claim.AtLeast ?? counted.Length;
        return new DecidedClaim(claim, mark, found,
            counted.Length == 0 ? Verdict.Undecided
            : counted.Count(one => one.Verdict == Verdict.Confirmed) >= needed ? Verdict.Confirmed
            : counted.Count(one => one.Verdict == Verdict.Refuted) > counted.Length - needed ? Verdict.Refuted
            : Verdict.Undecided);
    }

    private static ClaimComparison Compare(
        MatrixClaim claim, Cell[] firsts, string other, IReadOnlyList<Cell> cells, IReadOnlyDictionary<string, CellResult> results)
    {
        var sample = firsts[0];
        var group = string.Join(' ', ((string[])[sample.Model, sample.Budget, sample.Variant]).Where(part => part.Length > 0));
        var empty = new ClaimComparison(sample.Task, group, claim.First, other, 0);
        double[] teachers = [.. firsts.Select(cell => results.GetValueOrDefault(cell.TeacherCell!.Id)).OfType<CellResult>()
            .Select(teacher => teacher.Accuracy)];
        if (teachers.Length > 0 && teachers.Average() is var mean && mean < LeastTeacher)
        {
            return empty with { Verdict = Verdict.Out, Note = FormattableString.Invariant($"out: teachers answer {100 * mean:F1} %") };
        }

        Cell? Beside(Cell first) => other == Cell.Teacher ? first.TeacherCell
            : cells.Where(cell => cell.Method == other && cell.Task == first.Task && cell.Model == first.Model && cell.Seed == first.Seed
                && cell.Budget == first.Budget && (cell.Variant == first.Variant || cell.Variant.Length == 0))
                .OrderByDescending(cell => cell.Variant.Length).FirstOrDefault();
        (CellResult First, CellResult Other)[] pairs = [.. from first in firsts
                                                          let beside = Beside(first)
                                                          where beside is not null && results.ContainsKey(first.Id)
                                                              && results.ContainsKey(beside.Id)
                                                          orderby first.Seed
                                                          select (results[first.Id], results[beside.Id])];
        return ClaimStatistics.Of(claim, empty, pairs);
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
