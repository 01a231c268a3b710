using System.Globalization;
using System.Text.Json;
using LoRi.Files;
using LoRi.Files.Json;
using LoRi.Files.Text;
using LoRi.Runs.Evaluate;

namespace LoRi.Runs.Experiments;

/// <summary>The part of <c>lori experiment table --claims --form json</c> that tells of claims.</summary>
internal sealed record WrittenTable
{
    private const string Remedy =
        "name a folder that `lori experiment run` wrote, or a file of `lori experiment table --claims --form json`";

    /// <summary>More hours than there are in a thousand years: a number that is larger was not measured.</summary>
    private const double MostHours = 1e7;

    /// <summary>Cells of the matrix.</summary>
    public required int Cells { get; init; }

    /// <summary>Those that were finished.</summary>
    public required int Finished { get; init; }

    /// <summary>Hours, summed over cells; null in files of older versions.</summary>
    public double? Hours { get; init; }

    /// <summary>The claims.</summary>
    public required IReadOnlyList<WrittenClaim> Claims { get; init; }

    /// <summary>Reads what an experiment found, from its folder or from the file that was written of it.</summary>
    /// <exception cref="InputException">It is neither, or is damaged, or tells of no claim.</exception>
    public static WrittenTable Read(string path)
    {
        var isFolder = Directory.Exists(path);
        var table = isFolder
            ? ExperimentTable.Read(path, withClaims: true).Json().Deserialize<WrittenTable>(EvaluationSummary.Format)!
            : JsonFile.ReadTyped<WrittenTable>(path, Remedy);
        return table.Claims.Count == 0
            ? throw new InputException($"{path}: {(isFolder ? "its matrix has no claims; leave it out" : $"tells of no claim; {Remedy}")}")
            : table.Fault() is { } fault ? throw new InputException($"{path}: {fault}; {Remedy}")
            : table;
    }

    /// <summary>What cannot be in a table of claims; null where there is nothing such.</summary>
    private string? Fault() =>
        Bounds.Outside("cells", Cells, 0, int.MaxValue) ?? Bounds.Outside("finished", Finished, 0, Cells)
        ?? Bounds.Outside("hours", Hours, 0, MostHours)
        ?? Claims.Select(claim => claim is null ? "a claim is null" : claim.Fault()).FirstOrDefault(fault => fault is not null)
        ?? (Claims.GroupBy(claim => claim.Id).FirstOrDefault(same => same.Count() > 1) is { } twice
            ? $"the claim {MessageText.Quote(twice.Key)} stands there twice" : null);
}

/// <summary>Numbers of a file that may lie within bounds only.</summary>
internal static class Bounds
{
    /// <summary>What is wrong with a number; null where it is within its bounds, or not there.</summary>
    public static string? Outside(string name, double? value, double least, double most) =>
        value is { } number && !(number >= least && number <= most)
            ? string.Create(CultureInfo.InvariantCulture, $"\"{name}\" is {number}, which must lie between {least} and {most}") : null;
}
