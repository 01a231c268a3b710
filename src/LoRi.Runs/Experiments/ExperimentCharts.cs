using System.Globalization;
using LoRi.Runs.Probe;
using LoRi.Runs.Reports;
using LoRi.Training.Methods.LatentCrossEntropy;
using LoRi.Training.Methods.NoCot;

namespace LoRi.Runs.Experiments;

/// <summary>The pictures of one block, task, model and budget.</summary>
internal sealed class ExperimentCharts
{
    private const string Right = "right answers (%)";

    /// <summary>Methods that no chain of thought teaches, the one that lifts are counted from first.</summary>
    private static readonly string[] untaught = [new NoCotMethod().About.Name, new LatentCrossEntropyMethod().About.Name];

    private readonly Matrix matrix;
    private readonly ResultRow[] rows;
    private readonly ResultRow[] plain;
    private readonly ResultRow[] teachers;

    /// <summary>The pictures of some rows, beside the teachers of the same block, task and model.</summary>
    public ExperimentCharts(Matrix matrix, IReadOnlyList<ResultRow> rows, IReadOnlyList<ResultRow> teachers)
    {
        this.matrix = matrix;
        this.rows = [.. rows];
        plain = [.. rows.Where(row => Numbers(row).Count == 0)];
        this.teachers = [.. teachers];
    }

    /// <summary>
    /// Accuracy and lift by stratum, and accuracy against time and tokens, where nothing is varied; accuracy by each varied number, a line
    /// for each method, with methods that do not have it as level lines.
    /// </summary>
    public IEnumerable<Chart> All()
    {
        if (plain.Length > 0 && plain[0].Strata.Count > 1)
        {
            yield return ByLength();
        }

        if (plain.Length > 1)
        {
            var references = untaught.Select(method => Array.Find(plain, row => MethodOf(row) == method)).OfType<ResultRow>();
            if (references.FirstOrDefault() is { Strata.Count: > 1 } reference)
            {
                yield return Lift(reference);
            }

            yield return AgainstTime();
            yield return Against("tokens written", "tokens written for an answer; latent steps are none", [.. plain, .. teachers],
                row => row.Results.Average(result => (double)result.TokensGenerated / result.Examples));
        }

        if (plain.Any(row => Projections(row).Length > 1))
        {
            yield return Projected();
        }

        foreach (var setting in rows.SelectMany(row => Numbers(row).Keys).Distinct())
        {
            yield return Varied(setting);
        }
    }

    private Chart ByLength() => new("Right answers by length", "length of the chain", Right,
        [.. plain.Concat(teachers).Select((row, index) => Series(
            row, index, [.. row.Strata.Select(Position)], [.. row.Strata.Select(stratum => 100 * row.Of(stratum)!.Value)]))])
    { FromZero = true };

    /// <summary>How many points more than a method that no chain teaches, by stratum.</summary>
    private Chart Lift(ResultRow reference) => new($"Lift over {reference.Label} by length", "length of the chain", "points more",
        [.. plain.Select((row, index) => (row, index)).Where(pair => pair.row != reference).Select(pair => Series(
            pair.row, pair.index, [.. reference.Strata.Select(Position)],
            [.. reference.Strata.Select(stratum => 100 * ((pair.row.Of(stratum) ?? double.NaN) - reference.Of(stratum)!.Value))]))]);

    /// <summary>Seconds of training with nothing beside it where all were measured so, else those that the cells took.</summary>
    private Chart AgainstTime() => Array.TrueForAll(plain, row => row.SecondsAlone is not null)
        ? Against("training time", "seconds with the teacher's states, nothing beside", plain, row => row.SecondsAlone!.Value)
        : Against("training time", "seconds of training, as the cells took them", plain,
            row => row.Results.Average(result => result.TrainingSeconds));

    /// <summary>A point for each method.</summary>
    private Chart Against(string what, string axis, IReadOnlyList<ResultRow> shown, Func<ResultRow, double> cost) => new(
        $"Right answers against {what}", axis, Right,
        [.. shown.Select((row, index) => Series(row, index, [cost(row)], [100 * row.Accuracy]))])
    { FromZero = true, IsCloud = true };

    /// <summary>
    /// Accuracy by the directions that the inputs of a finished student's latent steps keep; as many random ones, the floor, are dotted.
    /// </summary>
    private Chart Projected() => new("Right answers by directions kept of latent inputs", "directions", Right,
        [.. plain.Index().Where(row => Projections(row.Item).Length > 1)
            .SelectMany(row => ((InterventionKind[])[InterventionKind.Rank, InterventionKind.RandomRank])
                .Select(kind => Projected(row.Item, row.Index, kind)))])
    { FromZero = true };

    private ChartSeries Projected(ResultRow row, int index, InterventionKind kind)
    {
        var kept = Projections(row);
        double[] accuracies = [.. kept.Select(one => 100 * (row.Replaced(new LatentIntervention(kind, one).ToString()) ?? double.NaN))];
        var line = Series(row, index, [.. kept.Select(one => (double)one)], accuracies);
        return kind == InterventionKind.Rank ? line with { Dashes = 0 } : Floor(line);
    }

    private static ChartSeries Floor(ChartSeries line) => line with { Name = line.Name + ", random directions", Dashes = 2 };

    private static int[] Projections(ResultRow row) => [.. row.Interventions
        .Select(LatentIntervention.Parse).OfType<LatentIntervention>()
        .Where(one => one.Kind == InterventionKind.Rank)
        .Select(one => (int)one.Amount).Order()];

    /// <summary>Accuracy by what is varied; random directions, the floor of what a rank is worth, are dotted.</summary>
    private Chart Varied(string setting)
    {
        ResultRow[] varied = [.. rows.Where(row => Numbers(row).ContainsKey(setting))];
        double[] all = [.. varied.Select(row => Numbers(row)[setting]).Distinct().Order()];
        ResultRow[][] methods = [.. varied.GroupBy(row => row.Method).Select(group => group.ToArray())];
        var lines = methods.Select((method, index) =>
        {
            var means = method.GroupBy(row => Numbers(row)[setting]).OrderBy(one => one.Key).ToArray();
            double[] accuracies = [.. means.Select(one => 100 * one.Average(row => row.Accuracy))];
            var line = Series(method[0], index, [.. means.Select(one => one.Key)], accuracies);
            line = line with { Name = method[0].Method, Dashes = 0 };
            return IsRandom(method[0]) ? Floor(line) : line;
        });
        var levels = plain.Concat(teachers).Select((row, index) =>
        {
            var level = Series(row, methods.Length + index, [all[0], all[^1]], [100 * row.Accuracy, 100 * row.Accuracy]);
            return level with { Dashes = 1 };
        });
        var name = setting.Replace('_', ' ');
        return new Chart($"Right answers by {name}", name, Right, [.. lines, .. levels]) { FromZero = true };
    }

    /// <summary>The line of a row; what a claim is about stands out.</summary>
    private ChartSeries Series(ResultRow row, int index, double[] x, double[] y) =>
        new(row.Label, x, y, index, row.Budget.Length == 0 ? 1 : index / ChartInk.Count)
        {
            Weight = matrix.Claims.Any(claim => claim.Block == row.Block && claim.First == row.Method)
                ? LineWeight.Strong
                : LineWeight.Usual,
        };

    private string? MethodOf(ResultRow row) => matrix.Methods.GetValueOrDefault(row.Method)?.Method;

    private bool IsRandom(ResultRow row) => matrix.Methods.TryGetValue(row.Method, out var method)
        && $"{method.Options.Json["subspace_kind"]}" == "random";

    /// <summary>What is varied, where it is a number.</summary>
    private static Dictionary<string, double> Numbers(ResultRow row) => row.Variant.Split(',')
        .Select(one => one.Split('='))
        .Where(parts => parts.Length == 2 && double.TryParse(parts[1], NumberStyles.Float, CultureInfo.InvariantCulture, out _))
        .ToDictionary(parts => parts[0], parts => double.Parse(parts[1], CultureInfo.InvariantCulture));

    private static double Position(string stratum) =>
        double.TryParse(stratum, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : 0;
}
