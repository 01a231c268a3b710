using System.Text.Json;
using LoRi.Files;
using LoRi.Files.Json;
using LoRi.Files.Settings;
using LoRi.Files.Text;
using LoRi.Runs.Evaluate;

namespace LoRi.Runs.Experiments;

/// <summary>The part of <c>lori experiment table --claims --form json</c> that tells of claims.</summary>
internal sealed record WrittenTable
{
    private const string Remedy =
        "name a folder that `lori experiment run` wrote, or a file of `lori experiment table --claims --form json`";

    private static readonly HashSet<string> Verdicts = [.. Enum.GetValues<Verdict>().Select(Forms.Name)];

    /// <summary>Cells of the matrix.</summary>
    public required int Cells { get; init; }

    /// <summary>Those that were finished.</summary>
    public required int Finished { get; init; }

    /// <summary>Hours of all cells, one after the other; null in files of older versions.</summary>
    public double? Hours { get; init; }

    /// <summary>The claims.</summary>
    public required IReadOnlyList<WrittenClaim> Claims { get; init; }

    /// <summary>Reads what an experiment found, from its folder or from the file that was written of it.</summary>
    /// <exception cref="InputException">It is neither, or is damaged, or tells of no claim.</exception>
    public static WrittenTable Read(string path)
    {
        var table = Directory.Exists(path)
            ? ExperimentTable.Read(path, withClaims: true).Json().Deserialize<WrittenTable>(EvaluationSummary.Format)!
            : JsonFile.ReadTyped<WrittenTable>(path, Remedy);
        return Fault(table) is { } fault ? throw new InputException($"{path}: {fault}; {Remedy}") : table;
    }

    private static string? Fault(WrittenTable table) =>
        table.Claims.Count == 0 ? "tells of no claim"
        : table.Claims.Any(claim => claim is null || claim.Comparisons.Any(one => one is null)) ? "a claim or a comparison is null"
        : table.Claims.FirstOrDefault(claim => !Verdicts.Contains(claim.Verdict)) is { } odd
        ? $"the claim {MessageText.Quote(odd.Id)} has the verdict {MessageText.Quote(odd.Verdict)}, which is none"
        : null;
}

/// <summary>A claim as it was decided.</summary>
internal sealed record WrittenClaim
{
    /// <summary>Its name.</summary>
    public required string Id { get; init; }

    /// <summary>What it says.</summary>
    public required string Says { get; init; }

    /// <summary>What is compared; null in files of older versions, as are the test and the margin.</summary>
    public string? Metric { get; init; }

    /// <summary>The test.</summary>
    public string? Test { get; init; }

    /// <summary>The difference that it must exceed, or that counts as none.</summary>
    public double? Margin { get; init; }

    /// <summary>The verdict.</summary>
    public required string Verdict { get; init; }

    /// <summary>When it was registered.</summary>
    public required string Registration { get; init; }

    /// <summary>Its comparisons.</summary>
    public required IReadOnlyList<WrittenComparison> Comparisons { get; init; }
}

/// <summary>A comparison of a claim as it was decided.</summary>
internal sealed record WrittenComparison
{
    /// <summary>Seeds that both have.</summary>
    public required int Seeds { get; init; }

    /// <summary>Mean difference over seeds; null where there is none.</summary>
    public double? Effect { get; init; }

    /// <summary>The lower end of its 95 % interval; null where there is none.</summary>
    public double? Low { get; init; }

    /// <summary>The upper end.</summary>
    public double? High { get; init; }

    /// <summary>p after Holm's correction within the claim; null where there is none.</summary>
    public double? HolmP { get; init; }

    /// <summary>What follows.</summary>
    public required string Verdict { get; init; }

    /// <summary>What is to be said beside it.</summary>
    public string? Note { get; init; }
}
