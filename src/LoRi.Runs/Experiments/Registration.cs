using System.Globalization;
using System.Text.Json.Nodes;
using LoRi.Files.Disk;
using LoRi.Files.Json;

namespace LoRi.Runs.Experiments;

/// <summary>
/// When claims were registered: with the first run of a matrix that has them. A claim that is changed after cells of its block were
/// finished is marked for good.
/// </summary>
internal static class Registration
{
    private const string Claims = "claims", Sha256 = "sha256", Cells = "cells_before", Changed = "changed", When = "when";

    /// <summary>Registers what is new among the claims of a matrix and marks what was changed.</summary>
    public static void Update(ExperimentFolder folder, Matrix matrix, CellList list)
    {
        var written = Read(folder);
        written["begun"] ??= Now();
        var claims = written[Claims] as JsonObject ?? [];
        written[Claims] = claims.DeepClone();
        claims = written[Claims]!.AsObject();
        foreach (var claim in matrix.Claims)
        {
            var finished = list.OfBlock(claim.Block).Count(cell => folder.IsDone(cell.Id));
            if (claims[claim.Id] is not JsonObject known || known[Cells]!.GetValue<int>() + finished == 0)
            {
                claims[claim.Id] = new JsonObject { [Sha256] = claim.Sha256, [When] = Now(), [Cells] = finished };
            }
            else if (known[Sha256]!.GetValue<string>() != claim.Sha256)
            {
                known[Sha256] = claim.Sha256;
                known[Changed] = new JsonObject { [When] = Now(), [Cells] = finished };
            }
        }

        AtomicFile.WriteText(folder.RegisteredFile, written.ToJsonString(JsonText.Indented) + "\n");
    }

    /// <summary>When the first cell of an experiment was begun; empty where none was.</summary>
    public static string Begun(ExperimentFolder folder) => $"{Read(folder)["begun"]}";

    /// <summary>What is to be said of a claim's registration.</summary>
    public static string Mark(ExperimentFolder folder, MatrixClaim claim)
    {
        var known = Read(folder)[Claims]?[claim.Id];
        return known is null ? "not registered"
            : known[Sha256]!.GetValue<string>() != claim.Sha256 ? "CHANGED since it was registered"
            : known[Changed] is { } changed ? $"CHANGED after {changed[Cells]} of its cells were finished"
            : known[Cells]!.GetValue<int>() is > 0 and var before ? $"registered after {before} of its cells were finished"
            : $"registered before its cells, {known[When]}";
    }

    private static JsonObject Read(ExperimentFolder folder) =>
        File.Exists(folder.RegisteredFile) ? JsonFile.ReadObject(folder.RegisteredFile) : [];

    private static string Now() => DateTime.UtcNow.ToString("yyyy-MM-dd HH:mm'Z'", CultureInfo.InvariantCulture);
}
