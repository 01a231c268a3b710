using System.Globalization;
using System.Text.RegularExpressions;
using LoRi.Files.Settings;
using LoRi.Runs.Settings;

namespace LoRi.Runs.Experiments;

/// <summary>The settings of <c>lori experiment</c>.</summary>
public static partial class ExperimentSettings
{
    /// <summary>The matrix.</summary>
    public static readonly Setting<string> Matrix = new(
        "matrix", "file", Forms.Place, "", "the matrix: tasks, models, methods, blocks, claims")
    {
        IsMain = true,
        Required = "name the file of a matrix, such as experiments/moments.json",
    };

    /// <summary>The folder of an experiment.</summary>
    public static readonly Setting<string> Folder = new(
        "experiment", "folder", Forms.Place, "", "the folder that lori experiment run wrote")
    {
        IsMain = true,
        Required = "name the folder of an experiment",
    };

    /// <summary>The folder of all cells.</summary>
    public static readonly Setting<string> Output = StageSettings.Output with
    {
        Help = "the folder of the experiment's cells; what is finished in it stays",
        Required = "name the folder of the experiment",
    };

    /// <summary>The folder whose calibration counts.</summary>
    public static readonly Setting<string?> Calibrated = new(
        "output", "folder", Forms.Output!, null, "the experiment's folder: paces not in its calibration.json are measured and kept there")
    { DefaultText = "none, and no time is estimated" };

    /// <summary>The time that may be taken.</summary>
    public static readonly Setting<string?> Budget = new(
        "budget", "time", (Forms.Text with { Broken = text => Seconds(text) is null ? "must be a time such as 90s, 150m or 2h" : null })!,
            null, "time for everything, such as 90s, 150m or 2h: no cell is begun that would not end in it")
    { DefaultText = "no limit" };

    /// <summary>Cells side by side.</summary>
    public static readonly Setting<int> Jobs = new("jobs", "n", Forms.Whole(1, 256), 1, "cells side by side");

    /// <summary>Whether cells are dealt out to ranks.</summary>
    public static readonly Setting<RanksOption> Ranks = StageSettings.RanksThatShare("cells");

    /// <summary>Threads of each.</summary>
    public static readonly Setting<int> Threads = new("threads", "n", Forms.Whole(1, 256), 1, "threads of each cell");

    /// <summary>Which cells.</summary>
    public static readonly Setting<IReadOnlyList<string>> Only = new(
        "only", "glob", Forms.List with { Broken = names => names.Count == 0 ? "must be followed by the names of cells" : null }, [],
        "only cells whose name matches, such as *seed-1 or main/*/lori*; their teachers with them; several may follow")
    { DefaultText = "all" };

    /// <summary>Which part of them.</summary>
    public static readonly Setting<string?> Shard = new(
        "shard", "i/n", (Forms.Text with { Broken = text => Part(text) is null ? "must be a part such as 1/3" : null })!, null,
            "every n-th cell from the i-th on, so that several machines can fill one folder")
    { DefaultText = "all" };

    /// <summary>Whether the claims are decided.</summary>
    public static readonly Setting<bool> Claims = new("claims", "", Forms.Flag, false, "decide the claims of the matrix");

    /// <summary>The form of the table.</summary>
    public static readonly Setting<TableForm> Form =
        new("form", "name", Forms.Choice<TableForm>(), TableForm.Text, "{choices}; html is one page with pictures");

    /// <summary>Where the table is written.</summary>
    public static readonly Setting<string?> TableOutput =
        new("output", "file", Forms.Output!, null, "file to write the table to") { DefaultText = "the screen" };

    /// <summary>Experiments whose claims are shown together.</summary>
    public static readonly Setting<IReadOnlyList<string>> Results = new(
        "results", "place", Forms.Places, [],
        "folders that lori experiment run wrote, or files that lori experiment table --claims --form json wrote of them")
    {
        IsMain = true,
        Required = "name the folders of experiments, or the JSON files of their tables",
    };

    /// <summary>The form of the table of claims.</summary>
    public static readonly Setting<TableForm> ClaimForm = new(
        "form", "name", Forms.Choice(("text", TableForm.Text), ("markdown", TableForm.Markdown), ("json", TableForm.Json)), TableForm.Text,
        "{choices}");

    /// <summary>How long ranks wait for each other where they compare what they have; a cell takes its time.</summary>
    public static readonly Setting<int> RankTimeout = StageSettings.RankTimeout with
    {
        Help = "end all processes of a launcher where one of them does not answer the others for so long while they compare the matrix or "
            + "tell of their cells, which take their time; 0 for never",
    };

    /// <summary><c>lori experiment plan</c>.</summary>
    public static CommandSettings Plan { get; } =
        new("experiment plan", [Matrix, Calibrated, Budget, Jobs, Threads, Only, Shard, StageSettings.Json]);

    /// <summary><c>lori experiment run</c>.</summary>
    public static CommandSettings Run { get; } =
        new("experiment run", [Matrix, Output, Budget, Jobs, Ranks, RankTimeout, Threads, Only, Shard, StageSettings.Json])
        {
            Rules = [StageSettings.OutputFolder("cells")],
        };

    /// <summary><c>lori experiment status</c>.</summary>
    public static CommandSettings Status { get; } = new("experiment status", [Folder, StageSettings.Json]);

    /// <summary><c>lori experiment table</c>.</summary>
    public static CommandSettings Table { get; } = new("experiment table", [Folder, Claims, Form, TableOutput])
    {
        Rules =
        [
            new(values => values.Get(Form) == TableForm.Html && values.Get(TableOutput) is null
                ? "--form html needs --output: the page's file, such as evidence.html" : null, Form, TableOutput),
        ],
    };

    /// <summary><c>lori experiment claims</c>.</summary>
    public static CommandSettings ClaimsTogether { get; } = new("experiment claims", [Results, ClaimForm, TableOutput])
    {
        Rules =
        [
            new(values => values.Get(TableOutput) is { } output && values.Get(Results).Any(place => IsSame(place, output))
                ? $"--output {output}: is read as well, and would be lost; name another file" : null, Results, TableOutput),
        ],
    };

    private static bool IsSame(string one, string other) => Path.GetFullPath(one) == Path.GetFullPath(other);

    /// <summary>Seconds of a text such as <c>150m</c>; null for what is none.</summary>
    internal static double? Seconds(string text) => Time().Match(text) is { Success: true } match
        ? double.Parse(match.Groups["number"].ValueSpan, NumberStyles.Float, CultureInfo.InvariantCulture)
            * (match.Groups["unit"].Value switch { "h" => 3600, "m" => 60, _ => 1 })
        : null;

    /// <summary>The part, from 0, and the number of parts of a text such as <c>1/3</c>; null for what is none.</summary>
    internal static (int Index, int Count)? Part(string text) =>
        text.Split('/') is [var one, var all] && int.TryParse(one, NumberStyles.None, CultureInfo.InvariantCulture, out var index)
            && int.TryParse(all, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && index >= 1 && index <= count
            ? (index - 1, count)
            : null;

    [GeneratedRegex(@"\A(?<number>[0-9]+(\.[0-9]+)?)(?<unit>[smh])\z", RegexOptions.CultureInvariant)]
    private static partial Regex Time();
}

/// <summary>How a table is written.</summary>
public enum TableForm
{
    /// <summary>For reading on a screen.</summary>
    Text,

    /// <summary>Markdown.</summary>
    Markdown,

    /// <summary>One JSON object.</summary>
    Json,

    /// <summary>One page with pictures.</summary>
    Html,
}
