using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using LoRi.Files;
using LoRi.Files.Settings;

namespace LoRi.Runs.Experiments;

/// <summary>The claims of several experiments in one table, those on one question beside each other.</summary>
public sealed partial class ClaimList
{
    private readonly IReadOnlyList<(string Name, WrittenTable Table)> experiments;
    private readonly IReadOnlyList<ClaimLine> claims;

    private ClaimList(IReadOnlyList<(string Name, WrittenTable Table)> experiments)
    {
        this.experiments = experiments;
        claims = [.. experiments.SelectMany(one => one.Table.Claims.Select(claim => new ClaimLine(one.Name, claim)))
            .OrderBy(line => Question(line.Claim.Id))];
    }

    /// <summary>Reads what experiments found.</summary>
    /// <param name="settings">Those of <see cref="ExperimentSettings.ClaimsTogether"/>.</param>
    /// <exception cref="InputException">
    /// A place is neither an experiment's folder nor its table, or has no claim, or two places have one name.
    /// </exception>
    public static ClaimList Read(SettingValues settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        (string Name, string Path)[] places = [.. settings.Get(ExperimentSettings.Results).Select(path => (NameOf(path), path))];
        return places.GroupBy(place => place.Name).FirstOrDefault(same => same.Count() > 1)?.ToArray() is [var one, var other, ..]
            ? throw new InputException($"{other.Path}: has the name {one.Name}, as {one.Path} has, so that their claims could not be told "
                + "apart; leave one of them out, or rename it")
            : new ClaimList([.. places.Select(place => (place.Name, WrittenTable.Read(place.Path)))]);
    }

    /// <summary>The claims, then the experiments with their cells and hours.</summary>
    public IReadOnlyList<TextTable> Tables() =>
    [
        new("claims, in points (of a trend: points from one length to the next)",
            ["experiment", "claim", "says", "measure", "first minus second, 95 % interval", "seeds", "Holm p", "verdict", "registered"],
            [.. claims.Select(line => line.Cells())]),
        new("experiments", ["experiment", "cells finished", "of", "hours, summed over cells"],
            [.. experiments.Select(one => (string[])
            [
                one.Name, $"{one.Table.Finished}", $"{one.Table.Cells}",
                one.Table.Hours is { } hours ? hours.ToString("F2", CultureInfo.InvariantCulture) : "-",
            ])]),
    ];

    /// <summary>The tables as Markdown.</summary>
    public string Markdown() => string.Join('\n', Tables().Select(table => table.Markdown()));

    /// <summary>Everything as JSON.</summary>
    public JsonObject Json() => new()
    {
        ["claims"] = new JsonArray([.. claims.Select(line => line.Json())]),
        ["experiments"] = new JsonArray([.. experiments.Select(one => new JsonObject
        {
            ["experiment"] = one.Name,
            ["cells"] = one.Table.Cells,
            ["finished"] = one.Table.Finished,
            ["hours"] = one.Table.Hours,
        })]),
    };

    /// <summary>The name of a folder, or of a file without its ending.</summary>
    private static string NameOf(string path)
    {
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        return Directory.Exists(full) ? Path.GetFileName(full) : Path.GetFileNameWithoutExtension(full);
    }

    /// <summary>The number in a name such as <c>C9-lift</c>; names without one come last.</summary>
    private static int Question(string id) =>
        int.TryParse(Number().Match(id).ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : int.MaxValue;

    [GeneratedRegex(@"(?<=\AC)[0-9]+")]
    private static partial Regex Number();
}
