using System.Globalization;
using System.Text.Json.Nodes;
using LoRi.Files;
using LoRi.Files.Disk;
using LoRi.Files.Settings;
using LoRi.Files.Text;

namespace LoRi.Runs.Experiments;

/// <summary>A table of texts with a heading.</summary>
/// <param name="Heading">What it shows.</param>
/// <param name="Headers">A text for each column.</param>
/// <param name="Rows">Rows of as many texts.</param>
public sealed record TextTable(string Heading, IReadOnlyList<string> Headers, IReadOnlyList<IReadOnlyList<string>> Rows)
{
    /// <summary>The table as Markdown, under its heading.</summary>
    internal string Markdown()
    {
        static string Row(IEnumerable<string> cells) => $"| {string.Join(" | ", cells.Select(MarkdownText.Cell))} |\n";
        return $"### {Heading}\n\n{Row(Headers)}{Row(Headers.Select(_ => "---"))}{string.Concat(Rows.Select(Row))}";
    }
}

/// <summary>What an experiment found so far, for reading.</summary>
public sealed class ExperimentTable
{
    private readonly ExperimentFolder folder;
    private readonly CellList list;
    private readonly Registration registered;
    private readonly Calibration paces;
    private readonly IReadOnlyDictionary<string, CellResult> results;
    private readonly bool withClaims;

    private ExperimentTable(string path, bool withClaims)
    {
        (folder, Matrix, list) = ExperimentStage.Open(path);
        results = folder.Results(list.Cells.Select(cell => cell.Id));
        this.withClaims = withClaims;
        paces = Calibration.Read(folder.CalibrationFile);
        Rows = ResultRow.All(Matrix, list, results, paces);
        registered = Registration.Read(folder);
        Claims = withClaims ? ClaimTable.Of(registered, Matrix, list, results) : [];
    }

    /// <summary>Reads the cells of an experiment.</summary>
    /// <param name="settings">Those of <see cref="ExperimentSettings.Table"/>.</param>
    /// <exception cref="InputException">The folder is none of an experiment, has no finished cell, or has a damaged one.</exception>
    public static ExperimentTable Read(SettingValues settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        return Read(settings.Get(ExperimentSettings.Folder), settings.Get(ExperimentSettings.Claims));
    }

    /// <summary>Reads the cells of an experiment, and decides its claims where they are asked for.</summary>
    internal static ExperimentTable Read(string path, bool withClaims)
    {
        var table = new ExperimentTable(path, withClaims);
        return table.results.Count > 0 ? table
            : throw new InputException($"{path}: no cell is finished yet, so that there is nothing to show; "
                + "`lori experiment status` shows where it stands");
    }

    internal Matrix Matrix { get; }

    internal IReadOnlyList<ResultRow> Rows { get; }

    internal IReadOnlyList<DecidedClaim> Claims { get; }

    /// <summary>What the experiment is, in a line.</summary>
    public string Title => $"{Path.GetFileName(folder.FolderPath)}: matrix {Matrix.Sha256[..12]}, begun {registered.Begun}, "
        + $"{results.Count} of {list.Cells.Count} cells finished";

    /// <summary>Builds and machines of its cells, and of its paces.</summary>
    public string Provenance => string.Join("; ", results.Values
        .GroupBy(result => $"lori {result.Build} on {result.Machine}, {result.Threads} thread{(result.Threads == 1 ? "" : "s")} a cell")
        .Select(group => $"{group.Key}: {group.Count()} cells, {group.Sum(result => result.Seconds) / 3600:F2} hours")
        .Concat(paces.Machines.Select(machine => $"paces measured on {machine}")));

    /// <summary>The tables: accuracies of each task, and the claims where they were asked for.</summary>
    public IReadOnlyList<TextTable> Tables() =>
    [
        .. Rows.GroupBy(row => (row.Block, row.Task, row.Model, row.Budget))
            .SelectMany(group => (TextTable?[])[Accuracies([.. group]), ProbeTable.Of([.. group])]).OfType<TextTable>(),
        .. withClaims ? (TextTable[])[Verdicts(), Comparisons()] : [],
    ];

    /// <summary>The tables as Markdown.</summary>
    public string Markdown() => $"{Title}.\n\n{Provenance}.\n" + string.Concat(Tables().Select(table => "\n" + table.Markdown()));

    /// <summary>Everything as JSON.</summary>
    public JsonObject Json() => new()
    {
        ["matrix"] = Matrix.Sha256,
        ["begun"] = registered.Begun,
        ["cells"] = list.Cells.Count,
        ["finished"] = results.Count,
        ["hours"] = results.Values.Sum(result => result.Seconds) / 3600,
        ["provenance"] = Provenance,
        ["rows"] = new JsonArray([.. Rows.Select(Json)]),
        ["claims"] = new JsonArray([.. Claims.Select(Json)]),
    };

    /// <summary>Writes a text to a file, whole or not at all.</summary>
    /// <param name="path">The file, which is replaced.</param>
    /// <param name="text">Its whole content.</param>
    /// <exception cref="InputException">It cannot be written.</exception>
    public static void Save(string path, string text) => AtomicFile.WriteText(path, text);

    /// <summary>One page with pictures.</summary>
    public string Html() => new ExperimentPage(this).Html();

    private static TextTable Accuracies(IReadOnlyList<ResultRow> rows)
    {
        var first = rows[0];
        var isPaced = rows.Any(row => row.SecondsAlone is not null);
        string[] place = [first.Block, first.Task, first.Model, first.Budget.Length == 0 ? "teachers" : first.Budget];
        return new TextTable(
            string.Join(", ", place),
            ["method", "seeds", "accuracy %", "sd", "each seed %", .. first.Strata.Select(stratum => $"at {stratum}"), "steps", "train s",
                .. isPaced ? (string[])["alone s"] : [], "tokens", "latency ms"],
            [.. rows.Select(row => (string[])
            [
                row.Label, $"{row.Results.Count}", Percent(row.Accuracy), double.IsNaN(row.Deviation) ? "-" : Percent(row.Deviation),
                string.Join(" / ", row.Results.Select(result => Percent(result.Accuracy))),
                .. first.Strata.Select(stratum => row.Of(stratum) is { } share ? Percent(share) : "-"),
                $"{row.Results[0].Steps}", Number(row.Results.Average(result => result.TrainingSeconds), 0),
                .. isPaced ? (string[])[Number(row.SecondsAlone ?? double.NaN, 0)] : [],
                Number(row.Results.Average(result => (double)result.TokensGenerated / result.Examples), 1),
                Number(row.Results.Average(result => result.LatencyMs), 1),
            ])]);
    }

    private TextTable Verdicts() => new("claims", ["claim", "says", "verdict", "comparisons", "registration"],
        [.. Claims.Select(claim => (string[])
        [
            claim.Claim.Id, claim.Claim.Says, Word(claim.Verdict),
            $"{claim.Comparisons.Count(one => one.Verdict == Verdict.Confirmed)} confirmed, "
                + $"{claim.Comparisons.Count(one => one.Verdict == Verdict.Refuted)} refuted, of {claim.Comparisons.Count}"
                + (claim.Claim.AtLeast is { } least ? $" ({least} needed)" : ""),
            claim.Mark,
        ])]);

    private TextTable Comparisons() => new(
        "comparisons of the claims, in points (of a trend: points a step)",
        ["claim", "task", "of", "seeds", "first", "other", "effect", "95 % interval", "bootstrap", "Holm p", "verdict"],
        [.. from claim in Claims
            from one in claim.Comparisons
            select (string[])
            [
                claim.Claim.Id, one.Task, $"{one.First} - {one.Other}, {claim.Claim.Metric}{(one.Group.Length > 0 ? ", " : "")}{one.Group}",
                $"{one.Seeds}", Percent(one.FirstMean), Percent(one.OtherMean), Percent(one.Effect), Span(one.Interval),
                one.Bootstrap is { } bootstrap ? Span(bootstrap) : "-",
                one.AdjustedP is { } p ? p.ToString("0.####", CultureInfo.InvariantCulture) : "-",
                one.Note.Length > 0 ? one.Note : Word(one.Verdict),
            ]]);

    private static JsonObject Json(ResultRow row) => new()
    {
        ["block"] = row.Block,
        ["task"] = row.Task,
        ["model"] = row.Model,
        ["budget"] = row.Budget,
        ["method"] = row.Method,
        ["variant"] = row.Variant,
        ["seeds"] = new JsonArray([.. row.Results.Select(result => JsonValue.Create(result.Seed))]),
        ["accuracy"] = row.Accuracy,
        ["each"] = new JsonArray([.. row.Results.Select(result => JsonValue.Create(result.Accuracy))]),
        ["strata"] = new JsonObject(row.Strata.Select(stratum =>
            KeyValuePair.Create(stratum, (JsonNode?)JsonValue.Create(row.Of(stratum)!.Value)))),
        ["steps"] = row.Results[0].Steps,
        ["training_seconds"] = row.Results.Average(result => result.TrainingSeconds),
        ["seconds_alone"] = row.SecondsAlone,
        ["probe"] = ProbeTable.Json(row),
    };

    private static JsonObject Json(DecidedClaim claim) => new()
    {
        ["id"] = claim.Claim.Id,
        ["says"] = claim.Claim.Says,
        ["metric"] = claim.Claim.Metric,
        ["test"] = Forms.Name(claim.Claim.Test),
        ["margin"] = claim.Claim.Margin,
        ["at_least"] = claim.Claim.AtLeast,
        ["verdict"] = Word(claim.Verdict),
        ["registration"] = claim.Mark,
        ["comparisons"] = new JsonArray([.. claim.Comparisons.Select(one => new JsonObject
        {
            ["task"] = one.Task,
            ["group"] = one.Group,
            ["first"] = one.First,
            ["other"] = one.Other,
            ["seeds"] = one.Seeds,
            ["effect"] = Finite(one.Effect),
            ["low"] = Finite(one.Interval.Low),
            ["high"] = Finite(one.Interval.High),
            ["bootstrap_low"] = one.Bootstrap?.Low,
            ["bootstrap_high"] = one.Bootstrap?.High,
            ["mcnemar"] = new JsonArray([.. one.McNemar.Select(p => JsonValue.Create(p))]),
            ["p"] = one.P,
            ["holm_p"] = one.AdjustedP,
            ["verdict"] = Word(one.Verdict),
            ["note"] = one.Note,
        })]),
    };

    internal static string Word(Verdict verdict) => Forms.Name(verdict);

    internal static string Percent(double share) => Number(100 * share, 1);

    private static double? Finite(double value) => double.IsFinite(value) ? value : null;

    private static string Span((double Low, double High) interval) =>
        double.IsNaN(interval.Low) ? "-" : $"{Percent(interval.Low)} to {Percent(interval.High)}";

    private static string Number(double value, int digits) =>
        double.IsNaN(value) ? "-" : value.ToString($"F{digits}", CultureInfo.InvariantCulture);
}
