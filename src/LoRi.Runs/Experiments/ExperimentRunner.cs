using System.Diagnostics;
using System.Globalization;
using LoRi.Files;
using LoRi.Files.Disk;
using LoRi.Runs.RunFolders;

namespace LoRi.Runs.Experiments;

/// <summary>How an experiment ended.</summary>
/// <param name="Finished">Cells that this call finished.</param>
/// <param name="Before">Cells that were finished before.</param>
/// <param name="Failed">Cells that failed.</param>
/// <param name="Left">Cells that are left, for want of time or because others work on them.</param>
/// <param name="Seconds">Wall time.</param>
public sealed record ExperimentOutcome(int Finished, int Before, int Failed, int Left, double Seconds);

/// <summary>
/// Runs the cells of a matrix, some side by side: every teacher before its students, each cell under a lock so that other processes can
/// fill the same folder. A cell that fails keeps its message and stops no other.
/// </summary>
internal sealed class ExperimentRunner(
    ExperimentFolder folder, IReadOnlyList<Cell> cells, CellEstimate estimate, double? budget, Action<string> log)
{
    private static readonly TimeSpan pause = TimeSpan.FromSeconds(1);

    private readonly Lock gate = new();
    private readonly Stopwatch clock = Stopwatch.StartNew();
    private readonly HashSet<string> open = [.. cells.Select(cell => cell.Id)];
    private readonly HashSet<string> failed = [];
    private readonly HashSet<string> working = [];
    private int finished;
    private int before;

    /// <summary>Runs them.</summary>
    /// <param name="jobs">Cells side by side.</param>
    /// <param name="stop">Asks to save and stop.</param>
    /// <exception cref="InputException">The budget fits no cell, or the folder cannot be written.</exception>
    public ExperimentOutcome Run(int jobs, CancellationToken stop)
    {
        CheckBudget();
        WorkerThreads.Run(jobs, () => Work(stop));
        return new ExperimentOutcome(finished, before, failed.Count, open.Count, clock.Elapsed.TotalSeconds);
    }

    private void CheckBudget()
    {
        Cell[] left = [.. cells.Where(cell => !folder.IsDone(cell.Id))];
        if (budget is { } seconds && left.Length > 0 && left.Min(cell => estimate.Seconds(cell) ?? 0) is var least && least > seconds)
        {
            throw new InputException(string.Create(CultureInfo.InvariantCulture,
                $"--budget: fits no cell: the shortest of the {left.Length} that are left takes about "
                + $"{System.Math.Ceiling(least / 60):F0} min; give more time"));
        }
    }

    /// <summary>Runs the next cell, or waits a little for it; false where none is left, or all must stop.</summary>
    private bool Work(CancellationToken stop)
    {
        if (stop.IsCancellationRequested || Next() is not var (cell, held))
        {
            return false;
        }

        if (cell is null)
        {
            Thread.Sleep(pause);
            return true;
        }

        using (held)
        {
            Execute(cell, stop);
        }

        lock (gate)
        {
            working.Remove(cell.Id);
        }

        return true;
    }

    /// <summary>
    /// The next cell that can be run and its lock; no cell where some wait for others, nothing where none is left.
    /// </summary>
    private (Cell? Cell, IDisposable? Held)? Next()
    {
        lock (gate)
        {
            var waiting = false;
            foreach (var cell in cells.Where(cell => open.Contains(cell.Id) && !working.Contains(cell.Id)))
            {
                if (IsFinished(cell))
                {
                    before++;
                    open.Remove(cell.Id);
                }
                else if (cell.TeacherCell is { } teacher && failed.Contains(teacher.Id))
                {
                    Fail(cell, $"its teacher {teacher.Name} failed");
                }
                else if (cell.TeacherCell is { } needed && !folder.IsDone(needed.Id))
                {
                    waiting |= open.Contains(needed.Id) && (working.Contains(needed.Id) || Fits(needed));
                }
                else if (Fits(cell))
                {
                    if (folder.TryLock(cell.Id) is { } held)
                    {
                        working.Add(cell.Id);
                        return (cell, held);
                    }

                    waiting = true;
                }
            }

            return waiting ? (null, null) : null;
        }
    }

    private bool IsFinished(Cell cell) => folder.IsDone(cell.Id) && folder.IsProbed(cell);

    private bool Fits(Cell cell) => budget is not { } seconds || clock.Elapsed.TotalSeconds + (estimate.Seconds(cell) ?? 0) <= seconds;

    private void Execute(Cell cell, CancellationToken stop)
    {
        var start = Stopwatch.GetTimestamp();
        try
        {
            // Another process may have finished it before it was locked here.
            if (IsFinished(cell) || new CellRun(folder, cell).Execute(stop) is not { } result)
            {
                return;
            }

            var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            estimate.Took(cell, seconds);
            lock (gate)
            {
                finished++;
                open.Remove(cell.Id);
                log(string.Create(CultureInfo.InvariantCulture,
                    $"{finished + before} of {cells.Count}: {cell.Name}: {100 * result.Accuracy:F1} % in {seconds:F0} s"));
            }
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            lock (gate)
            {
                Fail(cell, e is InputException ? e.Message : FailureText.Of(e, "experiment run"));
            }
        }
    }

    private void Fail(Cell cell, string message)
    {
        failed.Add(cell.Id);
        open.Remove(cell.Id);
        AtomicFile.CreateFolder(folder.CellOf(cell.Id));
        AtomicFile.WriteText(folder.FailureOf(cell.Id), message.ReplaceLineEndings(" ") + "\n");
        log($"failed: {cell.Name}: {message}");
    }
}
