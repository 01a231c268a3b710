using LoRi.Runs.Probe;

namespace LoRi.Runs.Experiments;

/// <summary>All seeds of one method in one block, with one budget and one value of what is varied.</summary>
/// <param name="Block">The block.</param>
/// <param name="Task">The task.</param>
/// <param name="Model">The model.</param>
/// <param name="Budget">How long it was trained; empty for teachers.</param>
/// <param name="Method">The method.</param>
/// <param name="Variant">What is varied; of a teacher its name.</param>
/// <param name="Results">A result for each seed.</param>
/// <param name="SecondsAlone">Seconds of training by the method's pace with nothing beside it; null where that was not measured.</param>
internal sealed record ResultRow(
    string Block, string Task, string Model, string Budget, string Method, string Variant, IReadOnlyList<CellResult> Results,
    double? SecondsAlone)
{
    /// <summary>The method with what is varied.</summary>
    public string Label => Variant.Length == 0 ? Method : $"{Method} ({Variant})";

    /// <summary>Mean accuracy over seeds.</summary>
    public double Accuracy => Results.Average(result => result.Accuracy);

    /// <summary>Unbiased deviation of it between seeds; NaN for one seed.</summary>
    public double Deviation
    {
        get
        {
            var mean = Accuracy;
            return Results.Count < 2 ? double.NaN
                : System.Math.Sqrt(Results.Sum(result => (result.Accuracy - mean) * (result.Accuracy - mean)) / (Results.Count - 1));
        }
    }

    /// <summary>Names of the strata.</summary>
    public IReadOnlyList<string> Strata => [.. Results[0].Strata.Select(stratum => stratum.Name)];

    /// <summary>Mean accuracy of a stratum over seeds; null where there is none such.</summary>
    public double? Of(string stratum)
    {
        double[] shares = [.. Results.SelectMany(result => result.Strata.Where(one => one.Name == stratum))
            .Select(one => (double)one.Correct / one.Examples)];
        return shares.Length == 0 ? null : shares.Average();
    }

    /// <summary>Probes of the seeds that have one.</summary>
    public IReadOnlyList<ProbeResult> Probes => [.. Results.Select(result => result.Probe).OfType<ProbeResult>()];

    /// <summary>What was done to the inputs of latent steps, at all of them, in the order of the first probe that has it.</summary>
    public IEnumerable<string> Interventions => Probes.SelectMany(Whole).Select(effect => effect.Intervention).Distinct();

    /// <summary>Mean accuracy with an intervention at all latent steps, over draws and then seeds; null where none was made.</summary>
    public double? Replaced(string intervention)
    {
        double[] means = [.. from probe in Probes
                             let effects = Whole(probe).Where(effect => effect.Intervention == intervention).ToArray()
                             where effects.Length > 0
                             select effects.Average(effect => effect.Accuracy.Accuracy)];
        return means.Length == 0 ? null : means.Average();
    }

    private static IEnumerable<ProbeEffect> Whole(ProbeResult probe) =>
        probe.Effects.Where(effect => effect.Steps.Length == probe.LatentSteps);

    /// <summary>The rows of all finished cells, in the order of the matrix.</summary>
    public static IReadOnlyList<ResultRow> All(
        Matrix matrix, CellList list, IReadOnlyDictionary<string, CellResult> results, Calibration paces) =>
        [.. from block in matrix.Blocks
            from cell in list.OfBlock(block.Name)
            where results.ContainsKey(cell.Id)
            group cell by (Block: block.Name, cell.Task, cell.Model, cell.Budget, cell.Method, cell.Variant) into seeds
            select new ResultRow(
                seeds.Key.Block, seeds.Key.Task, seeds.Key.Model, seeds.Key.Budget, seeds.Key.Method, seeds.Key.Variant,
                [.. seeds.Select(cell => results[cell.Id]).OrderBy(result => result.Seed)],
                paces.Find(seeds.First().PacedAs)?.Seconds(seeds.First().Steps))];
}
