using System.Globalization;
using System.Text.Json;
using LoRi.Files;
using LoRi.Files.Disk;
using LoRi.Files.Json;
using LoRi.Runs.Evaluate;

namespace LoRi.Runs.Experiments;

/// <summary>What was changed of a claim.</summary>
/// <param name="When">When that was seen.</param>
/// <param name="CellsBefore">Cells of its block that were finished by then.</param>
internal sealed record ClaimChange(string When, int CellsBefore);

/// <summary>A claim as it was registered.</summary>
internal sealed record RegisteredClaim
{
    /// <summary>The claim's content as it was known last.</summary>
    public required string Sha256 { get; init; }

    /// <summary>Its block's; null in files of older versions.</summary>
    public string? BlockSha256 { get; init; }

    /// <summary>When it was registered.</summary>
    public required string When { get; init; }

    /// <summary>Cells of its block that were finished by then.</summary>
    public required int CellsBefore { get; init; }

    /// <summary>What was changed of it since; null where nothing was.</summary>
    public ClaimChange? Changed { get; init; }

    /// <summary>
    /// The folders of all cells that its block ever had, those with them that it has no more: what was found in them was seen. Null in
    /// files of older versions.
    /// </summary>
    public IReadOnlyList<string>? Cells { get; init; }

    /// <summary>Whether this is still what the claim and its block say.</summary>
    public bool IsOf(MatrixClaim claim) => Sha256 == claim.Sha256 && (BlockSha256 ?? claim.BlockSha256) == claim.BlockSha256;
}

/// <summary>
/// When claims were registered: with the first run of a matrix that has them. A claim that is changed, itself or its block, after cells
/// of its block were finished is marked for good.
/// </summary>
internal sealed record Registration
{
    /// <summary>When the first cell of an experiment was begun; empty where none was.</summary>
    public string Begun { get; init; } = "";

    /// <summary>The claims by their names.</summary>
    public Dictionary<string, RegisteredClaim> Claims { get; init; } = [];

    /// <summary>Registers what is new among the claims of a matrix and marks what was changed.</summary>
    /// <exception cref="InputException">What is written is damaged, or cannot be written.</exception>
    public static void Update(ExperimentFolder folder, Matrix matrix, CellList list)
    {
        var written = Read(folder);
        foreach (var claim in matrix.Claims)
        {
            var known = written.Claims.GetValueOrDefault(claim.Id);
            string[] cells = [.. list.OfBlock(claim.Block).Select(cell => cell.Id).Union(known?.Cells ?? [])];
            written.Claims[claim.Id] = Updated(known, claim, cells.Count(folder.IsDone)) with { Cells = cells };
        }

        written = written with { Begun = written.Begun.Length > 0 ? written.Begun : Now() };
        AtomicFile.WriteText(folder.RegisteredFile, JsonSerializer.Serialize(written, EvaluationSummary.Format) + "\n");
    }

    /// <summary>What is written of an experiment.</summary>
    /// <exception cref="InputException">It is damaged.</exception>
    public static Registration Read(ExperimentFolder folder)
    {
        const string Remedy = "the file is damaged: fetch it again, or remove it, and the claims count as registered anew";
        var path = folder.RegisteredFile;
        var written = File.Exists(path) ? JsonFile.ReadTyped<Registration>(path, Remedy) : new Registration();
        return written.Claims.FirstOrDefault(pair => pair.Value is null).Key is { } empty
            ? throw new InputException($"{path}: the claim {empty} is null; {Remedy}")
            : written;
    }

    /// <summary>What is to be said of a claim's registration.</summary>
    public string Mark(MatrixClaim claim) => !Claims.TryGetValue(claim.Id, out var known) ? "not registered"
        : !known.IsOf(claim) ? "CHANGED since it was registered"
        : known.Changed is { } changed ? $"CHANGED after {changed.CellsBefore} of its cells were finished"
        : known.CellsBefore > 0 ? $"registered after {known.CellsBefore} of its cells were finished"
        : $"registered before its cells, {known.When}";

    /// <summary>The entry of a claim; it is made anew as long as no cell of its block was ever finished.</summary>
    private static RegisteredClaim Updated(RegisteredClaim? known, MatrixClaim claim, int finished)
    {
        finished = System.Math.Max(finished, System.Math.Max(known?.CellsBefore ?? 0, known?.Changed?.CellsBefore ?? 0));
        var written = new RegisteredClaim
        {
            Sha256 = claim.Sha256,
            BlockSha256 = claim.BlockSha256,
            When = Now(),
            CellsBefore = finished,
        };
        return known is null || finished == 0 ? written
            : written with
            {
                When = known.When,
                CellsBefore = known.CellsBefore,
                Changed = known.IsOf(claim) ? known.Changed : new ClaimChange(Now(), finished),
            };
    }

    private static string Now() => DateTime.UtcNow.ToString("yyyy-MM-dd HH:mm'Z'", CultureInfo.InvariantCulture);
}
