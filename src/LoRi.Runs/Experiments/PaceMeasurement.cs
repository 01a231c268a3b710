using System.Diagnostics;
using LoRi.Runs.RunFolders;
using LoRi.Runs.Scoring;
using LoRi.Runs.Settings;
using LoRi.Runs.Tasks;
using LoRi.Runs.Training;

namespace LoRi.Runs.Experiments;

/// <summary>
/// Measures the pace of a method: a short run from a fresh model on a part of the rows, alone. A step's time is the median of those after
/// the first few; of methods that learn in stages the sum of the stages'. The run is repeated until it gets no faster, since a
/// process compiles its loops while it runs: what is measured first would seem to take up to twice as long as what follows.
/// </summary>
internal sealed class PaceMeasurement(ExperimentFolder folder)
{
    private const int WarmUpSteps = 5;
    private const int MeasuredSteps = 20;
    private const int Rows = 4_000;
    private const int MostRuns = 8;

    /// <summary>Runs without a faster one before them that end it: one of them may have been disturbed.</summary>
    private const int EnoughWithout = 2;

    /// <summary>A run is faster where its step takes less than this share of the fastest one's; more is a machine's own unrest.</summary>
    private const double SettledShare = 0.95;

    /// <summary>Measures a case; leaves nothing behind.</summary>
    public StepPace Of(CalibrationCase of)
    {
        ArgumentNullException.ThrowIfNull(of);
        return Settled(() => Once(of));
    }

    /// <summary>The fastest of some runs, which end when two in a row were no faster than those before them, or after eight.</summary>
    internal static StepPace Settled(Func<StepPace> once)
    {
        var best = once();
        for (var (run, without) = (1, 0); run < MostRuns && without < EnoughWithout; run++)
        {
            var last = once();
            without = last.SecondsPerStep < SettledShare * best.SecondsPerStep ? 0 : without + 1;
            best = best.Least(last);
        }

        return best;
    }

    private StepPace Once(CalibrationCase of)
    {
        var task = folder.TaskOf(of.TaskValues, seed: 0);
        var model = folder.ModelOf(of.ModelValues, task, seed: 0);
        var scratch = folder.MeasuringOf(of.Key);
        Remove(scratch);
        try
        {
            var watch = new CollectionWatch();
            var run = CellRun.WithPlaces(of.Run, model, model, task).With(TrainSettings.Output, scratch)
                .With(TrainSettings.Steps, WarmUpSteps + MeasuredSteps).With(TrainSettings.LogEvery, 1)
                .With(TrainSettings.DivergenceFactor, 0).With(TrainSettings.CollapseThreshold, 0)
                .With(StageSettings.Limit, Rows);
            run = run.Train.WarmupSteps is null ? run : run.With(TrainSettings.WarmupSteps, WarmUpSteps);
            var clock = Stopwatch.StartNew();
            TrainingStage.Run(run, watch, CancellationToken.None);
            var seconds = clock.Elapsed.TotalSeconds;
            var (step, all) = Steps(Path.Combine(scratch, "metrics.jsonl"));
            var rows = of.TaskValues.Get(TaskSettings.Rows);
            var collection = watch.Seconds * rows / System.Math.Min(rows, Rows);
            return new StepPace(step, collection, System.Math.Max(0, seconds - all - watch.Seconds));
        }
        finally
        {
            Remove(scratch);
        }
    }

    /// <summary>Seconds of a step, and of all that were made.</summary>
    private static (double Step, double All) Steps(string metrics)
    {
        var times = MetricsFile.Read(metrics).First(one => one.Name == "seconds").Column.Values;
        double[] single = [.. times.Select((time, index) => time - (index == 0 ? 0 : times[index - 1]))];
        return (single.Chunk(WarmUpSteps + MeasuredSteps).Sum(stage => OrderStatistics.UpperMedian(stage.Skip(WarmUpSteps))), times[^1]);
    }

    private static void Remove(string path)
    {
        if (Directory.Exists(path))
        {
            Directory.Delete(path, recursive: true);
        }
    }

    /// <summary>Takes the time between the beginning of the collection of a teacher's states and the first step.</summary>
    private sealed class CollectionWatch : IRunScreen
    {
        private long? begun;

        public double Seconds { get; private set; }

        public void Line(string text)
        {
        }

        public void StepLine(string text)
        {
        }

        public void Progress(RunProgress progress)
        {
        }

        public void Phase(RunPhase phase)
        {
            if (phase.Name == "looking at the teacher")
            {
                begun = Stopwatch.GetTimestamp();
            }
            else if (phase.Name == "the first step" && begun is { } start)
            {
                Seconds += Stopwatch.GetElapsedTime(start).TotalSeconds;
                begun = null;
            }
        }
    }
}
