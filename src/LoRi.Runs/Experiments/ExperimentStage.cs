using System.Globalization;
using LoRi.Files;
using LoRi.Files.Disk;
using LoRi.Files.Json;
using LoRi.Files.Settings;
using LoRi.Models.Native;
using LoRi.Runs.Settings;
using LoRi.Training.Ranks;

namespace LoRi.Runs.Experiments;

/// <summary>What a group of cells will take.</summary>
/// <param name="Block">The block.</param>
/// <param name="Task">The task.</param>
/// <param name="Model">The model.</param>
/// <param name="Method">The method.</param>
/// <param name="Variant">What is varied.</param>
/// <param name="Budget">How long each is trained.</param>
/// <param name="Steps">Optimizer steps of each.</param>
/// <param name="Cells">How many there are.</param>
/// <param name="Done">How many of them are finished.</param>
/// <param name="Seconds">Seconds of those that are left; null where that is not known.</param>
/// <param name="Fits">How many of those left fit into the budget; null where there is none.</param>
public sealed record PlannedGroup(
    string Block, string Task, string Model, string Method, string Variant, string Budget, int Steps, int Cells, int Done, double? Seconds,
    int? Fits);

/// <summary>What a matrix will take.</summary>
/// <param name="Groups">Cells that differ by their seeds alone, in their order.</param>
/// <param name="Cells">All cells.</param>
/// <param name="Done">Those that are finished.</param>
/// <param name="Seconds">Seconds of those that are left, side by side; null where that is not known.</param>
/// <param name="Fits">How many of those left fit into the budget; null where there is none.</param>
/// <param name="Unmeasured">Cells of equal time whose steps are not known before their paces are measured.</param>
public sealed record ExperimentPlan(
    IReadOnlyList<PlannedGroup> Groups, int Cells, int Done, double? Seconds, int? Fits, int Unmeasured);

/// <summary>A cell and where it stands.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Id">Its folder.</param>
/// <param name="State">done, running, failed or left.</param>
/// <param name="Note">Why it failed, or its accuracy.</param>
public sealed record CellStatus(string Name, string Id, string State, string Note);

/// <summary>Where an experiment stands.</summary>
/// <param name="Cells">Its cells, in their order.</param>
/// <param name="SecondsLeft">Seconds of those left, one after the other; null where that is not known.</param>
public sealed record ExperimentStatus(IReadOnlyList<CellStatus> Cells, double? SecondsLeft);

/// <summary><c>lori experiment</c>: plans, runs and shows the cells of a matrix.</summary>
public static class ExperimentStage
{
    /// <summary>What the cells of a matrix will take; writes nothing but <c>calibration.json</c>, where an output is named.</summary>
    /// <param name="settings">Those of <see cref="ExperimentSettings.Plan"/>.</param>
    /// <param name="log">Told what is measured.</param>
    /// <exception cref="InputException">The matrix is wrong, or the budget fits no cell.</exception>
    public static ExperimentPlan Plan(SettingValues settings, Action<string> log)
    {
        ArgumentNullException.ThrowIfNull(settings);
        var matrix = MatrixReader.Read(settings.Get(ExperimentSettings.Matrix));
        var folder = settings.Get(ExperimentSettings.Calibrated) is { } path ? new ExperimentFolder(path) : null;
        var calibration = folder is null ? Calibration.None : Calibration.Read(folder.CalibrationFile);
        var list = CellList.Of(matrix, calibration);
        if (folder is not null)
        {
            folder.Open();
            list = Measured(matrix, folder, calibration, list, everything: true, log);
        }

        Tell(matrix, list, log);
        var estimate = new CellEstimate(calibration);
        var chosen = CellChoice.Of(list, settings);
        bool IsDone(Cell cell) => folder?.IsDone(cell.Id) == true;
        Cell[] left = [.. chosen.Where(cell => !IsDone(cell))];
        var fitting = Fitting(left, settings, estimate);
        var groups = chosen.GroupBy(cell => (cell.Block, cell.Task, cell.Model, cell.Method, cell.Variant, cell.Budget)).Select(group =>
        {
            Cell[] rest = [.. group.Where(cell => !IsDone(cell))];
            return new PlannedGroup(
                group.Key.Block, group.Key.Task, group.Key.Model, group.Key.Method, group.Key.Variant, group.Key.Budget,
                group.First().Steps, group.Count(), group.Count() - rest.Length, rest.Length == 0 ? 0 : estimate.Seconds(rest),
                fitting is null ? null : rest.Count(cell => fitting.Contains(cell.Id)));
        });
        return new ExperimentPlan(
            [.. groups], chosen.Count, chosen.Count - left.Length, estimate.Seconds(left) / settings.Get(ExperimentSettings.Jobs),
            fitting?.Count, list.Missing.Count);
    }

    /// <summary>Runs the cells of a matrix that are not finished; gives the outcome, on other ranks than the first null.</summary>
    /// <param name="settings">Those of <see cref="ExperimentSettings.Run"/>.</param>
    /// <param name="log">Told what happens, a line each.</param>
    /// <param name="stop">Asks to save and stop.</param>
    /// <param name="ranks">The processes that share the cells, all of which call this; null for this one alone.</param>
    /// <exception cref="InputException">The matrix is wrong, or the budget fits no cell; or ranks differ.</exception>
    public static ExperimentOutcome? Run(SettingValues settings, Action<string> log, CancellationToken stop, ICommunicator? ranks = null)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(log);
        ranks ??= SingleProcess.Instance;
        var matrix = MatrixReader.Read(settings.Get(ExperimentSettings.Matrix));
        var folder = new ExperimentFolder(settings.Get(ExperimentSettings.Output));
        if (ranks.IsFirst)
        {
            Begin(matrix, folder, settings, log);
        }

        ranks.Wait();
        var calibration = Calibration.Read(folder.CalibrationFile);
        var list = CellList.Of(matrix, calibration);
        Agree(settings, folder, list, ranks);
        var chosen = CellChoice.Of(list, settings);
        var estimate = new CellEstimate(calibration);
        foreach (var cell in chosen.Where(cell => folder.IsDone(cell.Id)))
        {
            estimate.Took(cell, CellResult.Read(folder.ResultOf(cell.Id)).Seconds);
        }

        var budget = settings.Get(ExperimentSettings.Budget) is { } time ? ExperimentSettings.Seconds(time) : null;
        var outcome = new ExperimentRunner(folder, chosen, estimate, budget, log, ranks).Run(settings.Get(ExperimentSettings.Jobs), stop);
        if (ranks.IsFirst)
        {
            ResultLines.Write(folder, list);
        }

        return outcome;
    }

    /// <summary>Where the cells of an experiment stand.</summary>
    /// <param name="path">Its folder.</param>
    /// <exception cref="InputException">It is none, or a cell is damaged or of another version.</exception>
    public static ExperimentStatus Status(string path)
    {
        var (folder, _, list) = Open(path);
        var estimate = new CellEstimate(Calibration.Read(folder.CalibrationFile));
        var states = list.Cells.Select(cell => StateOf(folder, cell, estimate)).ToArray();
        Cell[] left = [.. list.Cells.Where(cell => !folder.IsDone(cell.Id))];
        return new ExperimentStatus(states, estimate.Seconds(left));
    }

    /// <summary>An experiment as it was run last.</summary>
    /// <exception cref="InputException">The folder is none.</exception>
    internal static (ExperimentFolder Folder, Matrix Matrix, CellList List) Open(string path)
    {
        var folder = new ExperimentFolder(path);
        if (!File.Exists(folder.MatrixFile))
        {
            throw new InputException($"{path}: is no folder of an experiment (it has no matrix.json); name the --output of "
                + "`lori experiment run`");
        }

        var matrix = MatrixReader.Read(folder.MatrixFile);
        return (folder, matrix, CellList.Of(matrix, Calibration.Read(folder.CalibrationFile)));
    }

    /// <summary>Measures the paces that cells of equal time ask for, and registers the claims.</summary>
    private static void Begin(Matrix matrix, ExperimentFolder folder, SettingValues settings, Action<string> log)
    {
        var calibration = Calibration.Read(folder.CalibrationFile);
        var list = CellList.Of(matrix, calibration);
        if (list.Missing.Count == 0)
        {
            CellChoice.Of(list, settings);
        }

        folder.Open();
        if (list.Missing.Count > 0)
        {
            list = Measured(matrix, folder, calibration, list, everything: false, log);
            CellChoice.Of(list, settings);
        }

        Tell(matrix, list, log);
        AtomicFile.WriteText(folder.MatrixFile, matrix.Json.ToJsonString(JsonText.Indented) + "\n");
        Registration.Update(folder, matrix, list);
    }

    private static void Tell(Matrix matrix, CellList list, Action<string> log)
    {
        foreach (var note in ClaimReach.Notes(matrix, list))
        {
            log($"note: {note}");
        }
    }

    /// <summary>
    /// Refuses ranks that would run other cells, or fill another folder. Their processors may differ, as those of any machines that fill
    /// one folder.
    /// </summary>
    private static void Agree(SettingValues settings, ExperimentFolder folder, CellList list, ICommunicator ranks) => Agreement.Check(
        ranks,
        [
            ("the version of lori", RunSettings.Version),
            .. ExperimentSettings.Run.ToJson(settings).Select(one => (Setting.FlagOf(one.Key), one.Value?.ToJsonString() ?? "none")),
            ($"what is seen in {folder.FolderPath}", File.Exists(folder.MatrixFile) ? "this experiment" : "nothing"),
            ("the SHA-256 of the cells' names", ContentHash.OfText(string.Join('\n', list.Cells.Select(cell => cell.Id)))),
        ]);

    private static CellStatus StateOf(ExperimentFolder folder, Cell cell, CellEstimate estimate)
    {
        CellStatus At(string state, string note) => new(cell.Name, cell.Id, state, note);
        var result = folder.IsDone(cell.Id) ? CellResult.Read(folder.ResultOf(cell.Id)) : null;
        if (result is not null)
        {
            estimate.Took(cell, result.Seconds);
        }

        return result is not null && folder.IsProbed(cell)
                ? At("done", string.Create(CultureInfo.InvariantCulture, $"{100 * result.Accuracy:F1} %"))
            : folder.IsHeld(cell.Id) ? At("running", "")
            : folder.Failure(cell.Id) is { } reason ? At("failed", reason)
            : At("left", result is null ? "" : "to be probed");
    }

    /// <summary>Measures what is not measured yet, alone, one after the other.</summary>
    private static CellList Measured(
        Matrix matrix, ExperimentFolder folder, Calibration calibration, CellList list, bool everything, Action<string> log)
    {
        CalibrationCase[] Unknown() => list.Missing.Count > 0 ? [.. list.Missing]
            : everything ? [.. list.Cells.Where(cell => !cell.IsTeacher).Select(cell => cell.PacedAs)
                .Where(one => calibration.Find(one) is null).Distinct()]
            : [];
        var measurement = new PaceMeasurement(folder);
        for (var cases = Unknown(); cases.Length > 0; cases = Unknown())
        {
            NativeRuntime.Load();
            foreach (var one in cases)
            {
                var pace = measurement.Of(one);
                calibration.Keep(one, pace);
                log(string.Create(CultureInfo.InvariantCulture,
                    $"{one.Task}/{one.Model}/{one.Method}: {1000 * pace.SecondsPerStep:F1} ms a step, {pace.CollectionSeconds:F1} s for "
                    + $"the teacher's states"));
            }

            list = CellList.Of(matrix, calibration);
        }

        return list;
    }

    /// <summary>The cells that end within the budget, in their order; null where there is none.</summary>
    /// <exception cref="InputException">None does.</exception>
    private static HashSet<string>? Fitting(IReadOnlyList<Cell> left, SettingValues settings, CellEstimate estimate)
    {
        if (settings.Get(ExperimentSettings.Budget) is not { } text)
        {
            return null;
        }

        var rest = ExperimentSettings.Seconds(text)!.Value * settings.Get(ExperimentSettings.Jobs);
        var fitting = new HashSet<string>();
        var mean = estimate.Seconds(left) / left.Count;
        foreach (var cell in left)
        {
            var seconds = estimate.Seconds(cell) ?? mean;
            if (seconds is null || rest < seconds)
            {
                continue;
            }

            rest -= seconds.Value;
            fitting.Add(cell.Id);
        }

        return fitting.Count > 0 || left.Count == 0 || estimate.Seconds(left) is null ? fitting
            : throw new InputException($"--budget {text}: fits none of the {left.Count} cells that are left; give more time");
    }
}
