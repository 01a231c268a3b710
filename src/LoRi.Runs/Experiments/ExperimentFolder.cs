using System.Text;
using LoRi.Files;
using LoRi.Files.Disk;
using LoRi.Files.Json;
using LoRi.Files.Tokenizers;
using LoRi.Runs.Probe;
using LoRi.Runs.Tasks;

namespace LoRi.Runs.Experiments;

/// <summary>
/// The folder of an experiment: <c>matrix.json</c>, <c>calibration.json</c>, <c>registered.json</c>, <c>results.jsonl</c>, the data of
/// tasks, fresh models, and a folder for each cell with its run, its evaluation and at last its <c>cell.json</c>.
/// </summary>
internal sealed class ExperimentFolder
{
    private const string RunFolder = "run", EvaluationName = "evaluation", Cells = "cells", Tasks = "tasks", Models = "models",
        Measuring = "measuring-";
    private readonly Lock making = new();

    /// <summary>The folder of a path, whether it is there or not.</summary>
    public ExperimentFolder(string path) => FolderPath = Path.GetFullPath(path);

    /// <summary>The folder itself.</summary>
    public string FolderPath { get; }

    /// <summary>The matrix that was run last.</summary>
    public string MatrixFile => Path.Combine(FolderPath, "matrix.json");

    /// <summary>What methods take.</summary>
    public string CalibrationFile => Path.Combine(FolderPath, "calibration.json");

    /// <summary>The claims as they were registered.</summary>
    public string RegisteredFile => Path.Combine(FolderPath, "registered.json");

    /// <summary>A line for each finished cell, derived from the cells' folders.</summary>
    public string ResultsFile => Path.Combine(FolderPath, "results.jsonl");

    /// <summary>The folder of a cell's run.</summary>
    public string RunOf(string id) => Path.Combine(CellOf(id), RunFolder);

    /// <summary>The folder of a cell's evaluation.</summary>
    public string EvaluationOf(string id) => Path.Combine(CellOf(id), EvaluationName);

    /// <summary>The file that a finished cell has.</summary>
    public string ResultOf(string id) => Path.Combine(CellOf(id), "cell.json");

    /// <summary>The file of a cell's probe, which its run's report and card show.</summary>
    public string ProbeOf(string id) => Path.Combine(RunOf(id), ProbeSettings.UsualName);

    /// <summary>The file that says why a cell failed.</summary>
    public string FailureOf(string id) => Path.Combine(CellOf(id), "failed.txt");

    /// <summary>The folder of a cell.</summary>
    public string CellOf(string id) => Path.Combine(FolderPath, Cells, id);

    /// <summary>The folder of the short run that a pace is measured of; it goes when that is known.</summary>
    public string MeasuringOf(string key) => Path.Combine(FolderPath, Measuring + key);

    /// <summary>Whether a cell is finished.</summary>
    public bool IsDone(string id) => File.Exists(ResultOf(id));

    /// <summary>Whether a cell has the probe that is asked for, if any is.</summary>
    /// <exception cref="InputException">The probe is damaged.</exception>
    public bool IsProbed(Cell cell) => cell.Probe.Count == 0 || CellProbe.Covers(ProbeFile.Find(ProbeOf(cell.Id)), cell);

    /// <summary>Why a cell failed, or its probe; null where it did not.</summary>
    public string? Failure(string id) =>
        File.Exists(FailureOf(id)) ? Encoding.UTF8.GetString(JsonFile.ReadBytes(FailureOf(id))).Trim() : null;

    /// <summary>When that was written; null where it did not fail.</summary>
    public DateTime? FailedAt(string id) => File.Exists(FailureOf(id)) ? File.GetLastWriteTimeUtc(FailureOf(id)) : null;

    /// <summary>Refuses a folder that holds something else.</summary>
    /// <exception cref="InputException">It does.</exception>
    public void Open()
    {
        if (File.Exists(FolderPath) || !(File.Exists(MatrixFile) || File.Exists(CalibrationFile) || IsBegun()))
        {
            throw new InputException($"--output {FolderPath}: holds something, but no experiment (it has no matrix.json); name another "
                + "folder");
        }

        AtomicFile.CreateFolder(FolderPath);
    }

    /// <summary>Keeps a cell to this process; null where another one, or another thread, has it.</summary>
    /// <exception cref="InputException">The folder cannot be written.</exception>
    public IDisposable? TryLock(string id)
    {
        AtomicFile.CreateFolder(CellOf(id));
        try
        {
            return FileLock.TryOpen(LockOf(id));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{CellOf(id)}: cannot be written ({e.Message}); check the folder's permissions", e);
        }
    }

    /// <summary>Whether a process works on a cell.</summary>
    public bool IsHeld(string id)
    {
        if (!File.Exists(LockOf(id)))
        {
            return false;
        }

        using var free = FileLock.TryOpen(LockOf(id));
        return free is null;
    }

    /// <summary>The files of a task; they are made where they are not there.</summary>
    public TaskFiles TaskOf(Cell cell) => TaskOf(cell.TaskValues, cell.Seed);

    /// <summary>The files of a task for one seed.</summary>
    public TaskFiles TaskOf(Files.Settings.SettingValues values, long seed)
    {
        var task = TaskSettings.Of(values);
        var folder = Path.Combine(FolderPath, Tasks, ShortHash(TaskSettings.OfMatrix.ToJson(values).ToJsonString()));
        var files = new TaskFiles(
            task, Path.Combine(folder, $"train-{seed}.jsonl"), Path.Combine(folder, "test.jsonl"), Path.Combine(folder, "tokenizer"));
        lock (making)
        {
            AtomicFile.CreateFolder(folder);
            if (!File.Exists(Path.Combine(files.Tokenizer, "tokenizer_config.json")))
            {
                TaskTokenizer.Write(files.Tokenizer, task);
            }

            if (!File.Exists(files.Test))
            {
                TaskFile.Write(files.Test, task.Test(values.Get(TaskSettings.TestRows), seed: 0));
            }

            if (!File.Exists(files.Training))
            {
                TaskFile.Write(files.Training, task.Training(values.Get(TaskSettings.Rows), seed));
            }
        }

        return files;
    }

    /// <summary>The fresh model of a seed; it is made where it is not there.</summary>
    public string ModelOf(Files.Settings.SettingValues values, TaskFiles task, long seed)
    {
        var folder = Path.Combine(FolderPath, Models,
            ShortHash(FreshModelSettings.OfMatrix.ToJson(values).ToJsonString() + task.Task.Name + task.Task.Words.Count) + $"-{seed}");
        lock (making)
        {
            if (!Directory.Exists(folder))
            {
                AtomicFile.CreateFolder(Path.GetDirectoryName(folder)!);
                Make(() => FreshModel.Write(folder, values, TokenizerFile.Load(task.Tokenizer), seed), folder);
            }
        }

        return folder;
    }

    /// <summary>The results of the finished cells among some, with their probes.</summary>
    /// <exception cref="InputException">One is damaged, or of another version.</exception>
    public IReadOnlyDictionary<string, CellResult> Results(IEnumerable<string> ids) =>
        ids.Distinct().Where(IsDone).ToDictionary(
            id => id, id => CellResult.Read(ResultOf(id)) with { Probe = ProbeFile.Find(ProbeOf(id)) });

    /// <summary>Whether there is nothing, or only what the first measurement of a pace makes before its file is there.</summary>
    private bool IsBegun()
    {
        string[] names = Directory.Exists(FolderPath)
            ? [.. Directory.EnumerateFileSystemEntries(FolderPath).Select(path => Path.GetFileName(path)!)]
            : [];
        return names.Length == 0 || (names.Contains(Tasks) && Array.TrueForAll(
            names, name => name is Cells or Tasks or Models || name.StartsWith(Measuring, StringComparison.Ordinal)));
    }

    private string LockOf(string id) => Path.Combine(CellOf(id), ".lock");

    /// <summary>Another process may have made the same at the same time.</summary>
    private static void Make(Action make, string folder)
    {
        try
        {
            make();
        }
        catch (InputException) when (Directory.Exists(folder))
        {
            // It is there, and the same.
        }
    }

    private static string ShortHash(string text) => ContentHash.OfText(text)[..12];
}

/// <summary>The files of a task.</summary>
/// <param name="Task">The task.</param>
/// <param name="Training">Its training rows.</param>
/// <param name="Test">Its test rows.</param>
/// <param name="Tokenizer">The folder of its tokenizer.</param>
internal sealed record TaskFiles(ReasoningTask Task, string Training, string Test, string Tokenizer)
{
    /// <summary>Tokens that an answer may take: the longest chain, the answer and what methods write around them.</summary>
    public int MostNewTokens => Task.Longest.Chain + Task.Longest.Answer + 8;
}
