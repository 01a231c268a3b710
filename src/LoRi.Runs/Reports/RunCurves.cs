namespace LoRi.Runs.Reports;

/// <summary>What was measured at every step of some runs of one role, as charts.</summary>
/// <param name="all">All runs of the page: each has its colour everywhere.</param>
/// <param name="teachers">Whether teachers are drawn, or students: their losses are sums of different terms.</param>
/// <param name="hero">The run that the page is about.</param>
internal sealed class RunCurves(IReadOnlyList<RunRecord> all, bool teachers, string? hero)
{
    private const string Validation = "validation_loss";
    private const string Task = "task";
    private const string Spread = "latent_spread";
    private static readonly string[] NotTerms =
        ["loss", "tokens", "learning_rate", "gradient_norm", "tokens_per_second", "seconds", Validation, Spread];

    private readonly (RunRecord Run, int Index)[] runs =
        [.. all.Select((run, index) => (run, index)).Where(one => one.run.IsTeacher == teachers)];

    /// <summary>What these runs are called together.</summary>
    public string Role => teachers ? "Teachers" : "Students";

    /// <summary>Whether there are any with measurements.</summary>
    public bool HasRuns => runs.Any(one => one.Run.Metrics.Count > 0);

    /// <summary>
    /// The charts, first the one that tells how well a run learns: the loss of the rows held out, else the task's. A run of another
    /// role beside them is named in each title.
    /// </summary>
    public IReadOnlyList<Chart> Charts()
    {
        var main = Has(Validation) ? Validation : Has(Task) ? Task : "loss";
        var charts = new[] { Validation, Task, "loss" }.OrderBy(column => column != main)
            .Concat(Terms().Where(term => term != Task)).Concat([Spread, "learning_rate", "gradient_norm"]);
        return [.. charts.Where(Has).Select(column => Curve(column, column == main ? ChartSize.Main : ChartSize.Usual))];
    }

    private IEnumerable<string> Terms() => runs.SelectMany(one => one.Run.Metrics.Select(column => column.Name)).Distinct()
        .Where(name => !NotTerms.Contains(name) && IsOn(name));

    private bool Has(string column) => runs.Any(one => one.Run.Column(column) is not null) && (NotTerms.Contains(column) || IsOn(column));

    /// <summary>A term that is off is zero at every step.</summary>
    private bool IsOn(string term) => runs.Any(one => one.Run.Column(term)?.Values.Any(value => value != 0) == true);

    private Chart Curve(string column, ChartSize size)
    {
        var (title, unit) = Words(column);
        var others = all.Any(run => run.IsTeacher != teachers);
        return new Chart(others ? $"{title} ({Role.ToLowerInvariant()})" : title, "optimizer step", unit,
        [
            .. runs.Select(one => (one.Run, one.Index, Column: one.Run.Column(column))).Where(found => found.Column is not null)
                .Select(found => new ChartSeries(found.Run.Name, found.Column!.Steps, found.Column.Values, found.Index,
                    found.Index / ChartInk.Count)
                {
                    Weight = runs.Length > 1 && found.Run.Name == hero ? LineWeight.Strong : LineWeight.Usual,
                }),
        ])
        { HasLegend = all.Count > 1, Size = size };
    }

    private static (string Title, string Unit) Words(string column) => column switch
    {
        "loss" => ("Total loss", "weighted sum of the terms"),
        Validation => ("Task loss of the rows held out", "nats per graded token"),
        Spread => ("Spread of the latents", "from 0 (one vector) to 1"),
        "learning_rate" => ("Learning rate", "learning rate per step"),
        "gradient_norm" => ("Gradient before clipping", "global 2-norm"),
        _ => ($"Loss term: {column}", column is Task or "teacher" ? "nats per graded token" : "unweighted loss"),
    };
}
