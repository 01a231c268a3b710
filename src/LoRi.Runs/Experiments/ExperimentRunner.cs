using System.Diagnostics;
using System.Globalization;
using LoRi.Files;
using LoRi.Files.Disk;
using LoRi.Runs.RunFolders;
using LoRi.Training.Ranks;

namespace LoRi.Runs.Experiments;

/// <summary>
/// Runs the cells of a matrix, some side by side: every teacher before its students, each cell under a lock so that other processes can
/// fill the same folder. A cell that fails keeps its message and stops no other. Each of several ranks takes the next cell that no other
/// has, by the same locks; what failed on one of them is not tried by the others.
/// </summary>
internal sealed class ExperimentRunner(
    ExperimentFolder folder, IReadOnlyList<Cell> cells, CellEstimate estimate, double? budget, Action<string> log, ICommunicator ranks)
{
    private static readonly TimeSpan pause = TimeSpan.FromSeconds(1);

    private readonly Lock gate = new();
    private readonly Stopwatch clock = Stopwatch.StartNew();
    private readonly HashSet<string> open = [.. cells.Select(cell => cell.Id)];
    private readonly HashSet<string> working = [];
    private readonly CellTally tally = new([], [], []);

    /// <summary>When cells failed in earlier calls.</summary>
    private readonly Dictionary<string, DateTime?> failedBefore = cells.ToDictionary(cell => cell.Id, cell => folder.FailedAt(cell.Id));

    /// <summary>Runs them; the outcome of all ranks on the first one, null on the others.</summary>
    /// <param name="jobs">Cells side by side.</param>
    /// <param name="stop">Asks to save and stop.</param>
    /// <exception cref="InputException">The budget fits no cell, or the folder cannot be written.</exception>
    public ExperimentOutcome? Run(int jobs, CancellationToken stop)
    {
        CheckBudget();

        // Every rank knows what failed before when the first one begins.
        ranks.Wait();
        WorkerThreads.Run(jobs, () => Work(stop));
        ranks.Wait();
        return tally.OfAll(ranks)?.Outcome(cells.Count, clock.Elapsed.TotalSeconds);
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
                    tally.Before.Add(cell.Id);
                    open.Remove(cell.Id);
                }
                else if (FailedElsewhere(cell))
                {
                    tally.Failed.Add(cell.Id);
                    open.Remove(cell.Id);
                }
                else if (cell.TeacherCell is { } teacher && tally.Failed.Contains(teacher.Id))
                {
                    waiting |= !FailLocked(cell, $"its teacher {teacher.Name} failed");
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

    /// <summary>Whether a cell failed on another rank, in this call.</summary>
    private bool FailedElsewhere(Cell cell) => ranks.Size > 1 && folder.FailedAt(cell.Id) is { } at && at != failedBefore[cell.Id];

    /// <summary>Cells that are known to be finished.</summary>
    private int Done => ranks.Size > 1 ? cells.Count(cell => folder.IsDone(cell.Id)) : tally.Finished.Count + tally.Before.Count;

    private bool Fits(Cell cell) => budget is not { } seconds || clock.Elapsed.TotalSeconds + (estimate.Seconds(cell) ?? 0) <= seconds;

    private void Execute(Cell cell, CancellationToken stop)
    {
        var start = Stopwatch.GetTimestamp();
        try
        {
            // Another process may have finished it, or failed, before it was locked here.
            if (IsFinished(cell) || FailedElsewhere(cell) || new CellRun(folder, cell).Execute(stop) is not { } result)
            {
                return;
            }

            var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            estimate.Took(cell, seconds);
            lock (gate)
            {
                tally.Finished.Add(cell.Id);
                open.Remove(cell.Id);
                log(string.Create(CultureInfo.InvariantCulture,
                    $"{Done} of {cells.Count}: {cell.Name}: {100 * result.Accuracy:F1} % in {seconds:F0} s"));
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

    /// <summary>The same of a cell that nobody works on; false where another rank has it, and says the same.</summary>
    private bool FailLocked(Cell cell, string message)
    {
        using var held = folder.TryLock(cell.Id);
        if (held is not null && !FailedElsewhere(cell))
        {
            Fail(cell, message);
        }

        return held is not null;
    }

    private void Fail(Cell cell, string message)
    {
        tally.Failed.Add(cell.Id);
        open.Remove(cell.Id);
        AtomicFile.CreateFolder(folder.CellOf(cell.Id));
        AtomicFile.WriteText(folder.FailureOf(cell.Id), message.ReplaceLineEndings(" ") + "\n");
        log($"failed: {cell.Name}: {message}");
    }
}
