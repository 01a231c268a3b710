using System.IO.Enumeration;
using LoRi.Files;
using LoRi.Files.Settings;

namespace LoRi.Runs.Experiments;

/// <summary>The cells that options choose, teachers of chosen students with them.</summary>
internal static class CellChoice
{
    /// <summary>Those cells, in their order.</summary>
    /// <exception cref="InputException">There is none, or one of the names matches none.</exception>
    public static IReadOnlyList<Cell> Of(CellList list, SettingValues settings)
    {
        var (globs, part) = (settings.Get(ExperimentSettings.Only), settings.Get(ExperimentSettings.Shard));
        var shard = part is null ? (Index: 0, Count: 1) : ExperimentSettings.Part(part)!.Value;
        var unmatched = globs.FirstOrDefault(glob => !list.Named.Any(cell => Matches(glob, cell)));
        var meant = list.Named.Where(cell => globs.Count == 0 || globs.Any(glob => Matches(glob, cell)))
            .Select(cell => cell.Id).ToHashSet();
        Cell[] chosen = [.. list.Cells.Where(cell => meant.Contains(cell.Id)).Where((_, number) => number % shard.Count == shard.Index)];
        var needed = chosen.Concat(chosen.Select(cell => cell.TeacherCell).OfType<Cell>()).Select(cell => cell.Id).ToHashSet();
        return unmatched is not null
            ? throw new InputException($"{ExperimentSettings.Only.Flag} {unmatched}: matches none of the {list.Cells.Count} cells; their "
                + $"names are as {list.Cells[^1].Name}{Unmeasured(list)}")
            : chosen.Length == 0
            ? throw new InputException($"{ExperimentSettings.Shard.Flag} {part}: no cell is in this part, of {meant.Count} in all; "
                + "take fewer parts")
            : [.. list.Cells.Where(cell => needed.Contains(cell.Id))];
    }

    private static bool Matches(string glob, Cell cell) => FileSystemName.MatchesSimpleExpression(glob, cell.Name);

    private static string Unmeasured(CellList list) => list.Missing.Count == 0 ? ""
        : "; those of equal time are known where their paces are measured, which needs --output";
}
