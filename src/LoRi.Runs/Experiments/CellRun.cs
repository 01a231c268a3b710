using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using LoRi.Files;
using LoRi.Files.Json;
using LoRi.Files.Settings;
using LoRi.Runs.Evaluate;
using LoRi.Runs.LowRank;
using LoRi.Runs.RunFolders;
using LoRi.Runs.Settings;
using LoRi.Runs.Training;
using LoRi.Training.Trajectories;
using static TorchSharp.torch;

namespace LoRi.Runs.Experiments;

/// <summary>
/// Runs one cell: an ordinary training run and an ordinary evaluation in the cell's folder, each of which is resumed where it was
/// interrupted, and then <c>cell.json</c>. The times in it are those of the last call: of a cell that was resumed what earlier calls took
/// is not in them. Of a finished cell the probe that is asked for, where it is not there.
/// </summary>
internal sealed class CellRun(ExperimentFolder folder, Cell cell)
{
    private const int EvaluationBatch = 256;
    private const int LatencyQuestions = 20;

    private readonly Stopwatch clock = Stopwatch.StartNew();
    private readonly string started = DateTime.UtcNow.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private string Run => folder.RunOf(cell.Id);

    private string Evaluation => folder.EvaluationOf(cell.Id);

    /// <summary>Runs it to its end; null where it was stopped.</summary>
    /// <exception cref="InputException">The run is lost, or something cannot be read or written.</exception>
    public CellResult? Execute(CancellationToken stop)
    {
        var task = folder.TaskOf(cell);
        var result = folder.IsDone(cell.Id) ? CellResult.Read(folder.ResultOf(cell.Id)) : Finished(task, stop);
        return result is not null && (folder.IsProbed(cell) || Probed(task, stop)) ? result : null;
    }

    private CellResult? Finished(TaskFiles task, CancellationToken stop)
    {
        var settings = WithPlaces(cell.Run, folder.ModelOf(cell.ModelValues, task, cell.Seed),
            cell.TeacherCell is { } teacher ? folder.RunOf(teacher.Id) : null, task);
        if (!TrainingStage.Run(
            settings.With(TrainSettings.Output, Run).With(StageSettings.Resume, true).With(TrainSettings.LogEvery,
                System.Math.Max(1, cell.Steps / 100)),
            null, stop))
        {
            return null;
        }

        var asked = Asked(task);
        asked["output"] = Evaluation;
        asked["latency_questions"] = LatencyQuestions;
        asked["resume"] = true;
        if (EvaluationStage.Run(new(Commands.Evaluate.Read(asked, SettingSource.CommandLine)), _ => { }, stop) is not { } evaluation)
        {
            return null;
        }

        var result = Result(evaluation, CellScore.Of(Evaluation, task.Test));
        result.Write(folder.ResultOf(cell.Id));
        Tidy();
        return result;
    }

    /// <summary>A run with the places of what it reads.</summary>
    /// <param name="run">The run.</param>
    /// <param name="model">The fresh model.</param>
    /// <param name="teacher">The teacher's run; null for a teacher.</param>
    /// <param name="task">The task's files.</param>
    internal static RunSettings WithPlaces(RunSettings run, string model, string? teacher, TaskFiles task)
    {
        run = run.With(TrainSettings.Data, [task.Training]);
        run = run.Train.Model is null ? run : run.With(TrainSettings.Model, model);
        return teacher is null ? run : run.With(StudentSettings.Teacher, teacher);
    }

    private bool Probed(TaskFiles task, CancellationToken stop)
    {
        try
        {
            CellProbe.Run(folder, cell, Asked(task), stop);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>What is asked of the trained model, by evaluation and probe.</summary>
    private JsonObject Asked(TaskFiles task) => new()
    {
        ["model"] = Run,
        ["data"] = new JsonArray(task.Test),
        ["batch_size"] = EvaluationBatch,
        ["max_new_tokens"] = task.MostNewTokens,
    };

    private CellResult Result(EvaluationSummary evaluation, CellScore score)
    {
        var summary = JsonFile.ReadObject(Path.Combine(Run, "summary.json"));
        double Number(string key) => summary[key]!.GetValue<double>();
        var correct = score.Strata.Sum(stratum => stratum.Correct);
        return new CellResult
        {
            CellVersion = Cell.Version,
            Id = cell.Id,
            Name = cell.Name,
            Task = cell.Task,
            Model = cell.Model,
            Method = cell.Method,
            Variant = cell.Variant,
            Budget = cell.Budget,
            Seed = cell.Seed,
            TeacherCell = cell.TeacherCell?.Id,
            Examples = score.Right.Length,
            Correct = correct,
            Accuracy = (double)correct / score.Right.Length,
            Ci95 = EvaluationSummary.Interval(correct, score.Right.Length),
            AccuracyStrict = evaluation.AccuracyStrict,
            Strata = score.Strata,
            Right = score.Right,
            Steps = cell.Steps,
            TrainingSeconds = Number("training_seconds"),
            Seconds = clock.Elapsed.TotalSeconds,
            Tokens = (long)Number("tokens"),
            Operations = Number("flops_per_second") * Number("training_seconds"),
            PeakMemoryBytes = (long)Number("peak_memory_bytes"),
            TokensGenerated = evaluation.TokensGenerated,
            LatencyMs = evaluation.SingleLatencyMs?.P50 ?? 0,
            Last = Last(),
            Ranks = Ranks(),
            Build = Machine.Build,
            Machine = Machine.Name,
            Threads = get_num_threads(),
            Started = started,
            Settings = (JsonObject)cell.Settings.DeepClone(),
        };
    }

    /// <summary>The last value of everything that was logged.</summary>
    private Dictionary<string, double> Last() => MetricsFile.Read(Path.Combine(Run, "metrics.jsonl"))
        .Where(one => double.IsFinite(one.Column.Values[^1])).ToDictionary(one => one.Name, one => one.Column.Values[^1]);

    private JsonObject? Ranks()
    {
        var path = Path.Combine(Run, "subspace.safetensors");
        if (!File.Exists(path))
        {
            return null;
        }

        var subspace = SubspaceFile.Read(path);
        var ranks = new JsonObject
        {
            ["layer_rank"] = subspace.Fitted.LayerRank,
            ["hidden_rank"] = subspace.Fitted.HiddenRank,
            ["energy_kept"] = subspace.EnergyKept is { Value: var kept } && subspace.Fitted.Energy > 0 && double.IsFinite(kept)
                ? kept / subspace.Fitted.Energy
                : null,
        };
        foreach (var row in RankReport.Of(subspace.Fitted))
        {
            ranks[$"{row.Standardise}.{row.Mode}"] = new JsonObject
            {
                ["size"] = row.Size,
                ["entropy"] = row.EntropyRank,
                ["participation"] = row.ParticipationRank,
                ["90"] = row.RankFor90,
                ["95"] = row.RankFor95,
                ["99"] = row.RankFor99,
            };
        }

        return ranks;
    }

    /// <summary>
    /// Removes what a finished cell needs no more: checkpoints and the teacher's coordinates, by far the largest of its files. What cannot
    /// be removed stays, and takes nothing from the result.
    /// </summary>
    private void Tidy()
    {
        var checkpoints = Path.Combine(Run, "checkpoints");
        Remove(() => File.Delete(folder.FailureOf(cell.Id)));
        Remove(() => Directory.Delete(Path.Combine(Run, "teacher-cache"), recursive: true));
        Remove(() => Array.ForEach(Directory.GetDirectories(checkpoints), path => Directory.Delete(path, recursive: true)));
    }

    private static void Remove(Action remove)
    {
        try
        {
            remove();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It is not there, or stays.
        }
    }
}
