using LoRi.Files.Disk;

namespace LoRi.Runs.Experiments;

/// <summary>The lines of <c>results.jsonl</c>: never added to, always made anew from the cells' folders.</summary>
internal static class ResultLines
{
    /// <summary>Writes a line for each finished cell, in the order of the matrix.</summary>
    public static void Write(ExperimentFolder folder, CellList list)
    {
        var results = folder.Results(list.Cells.Select(cell => cell.Id));
        AtomicFile.WriteText(folder.ResultsFile, string.Concat(list.Cells.Where(cell => results.ContainsKey(cell.Id))
            .Select(cell => results[cell.Id].ToLine() + "\n")));
    }
}
