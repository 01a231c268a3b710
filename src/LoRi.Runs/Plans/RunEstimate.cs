using System.Diagnostics;
using System.Globalization;
using LoRi.Models;
using LoRi.Models.Decoders;
using LoRi.Models.Sequences;
using LoRi.Runs.Settings;
using LoRi.Training;
using LoRi.Training.Methods;
using TorchSharp;

namespace LoRi.Runs.Plans;

/// <summary>
/// What a run would take, from its settings and from its stages, which begin in earnest on a few rows and are thrown away.
/// </summary>
/// <param name="settings">The run's settings.</param>
/// <param name="method">How would be trained.</param>
/// <param name="context">What would be trained, and on what; the measured steps change it.</param>
/// <param name="data">The rows.</param>
internal sealed class RunEstimate(RunSettings settings, MethodPlan method, StageContext context, TrainingData data)
{
    private const int MeasuredSteps = 3;
    private readonly RunPlan plan = new(settings, data.Training.Count);
    private readonly ReasoningModel model = context.Model;

    /// <summary>A few rows, those with a rationale first: a method that reads them is measured on what it reads.</summary>
    private StageContext Rehearsal()
    {
        int[] few = [.. Enumerable.Range(0, context.Rows.Count).OrderBy(row => context.TeacherRows[row].Rationale.Length == 0)
            .Take((MeasuredSteps + 1) * settings.Train.BatchSize)];
        return context with
        {
            Rows = [.. few.Select(row => context.Rows[row])],
            TeacherRows = [.. few.Select(row => context.TeacherRows[row])],
            Log = new Silence(),
            IsTrial = true,
        };
    }

    /// <summary>Shows steps, tokens, memory and time.</summary>
    public void Show()
    {
        var rehearsal = Rehearsal();
        Info($"steps: {plan.Steps:N0} of {settings.Train.BatchSize} rows, {plan.Epochs:G3} passes over {data.Training.Count:N0} "
            + $"rows, {plan.WarmupSteps:N0} of them warm-up");
        if (method.About.HoldsTeacher || model.Modules.Count > 0)
        {
            Info($"models: {ModelMemory.Of(settings, method).Describe(context.Precision)}");
        }

        foreach (var stage in method.Stages)
        {
            if (stage is CollectingStage collecting)
            {
                ShowCollecting(collecting, rehearsal);
            }
            else
            {
                ShowLearning((LearningStage)stage, rehearsal);
            }
        }

        Info("dry run: nothing was written");
    }

    private void Info(string line) => context.Log.Info(line);

    /// <summary>Collects from a few rows; of the whole, the time grows with the tokens of the chains.</summary>
    private void ShowCollecting(CollectingStage stage, StageContext rehearsal)
    {
        context.Log.Phase(stage.Name);
        var clock = Stopwatch.StartNew();
        stage.Collect(rehearsal);
        var share = context.TeacherRows.Sum(row => (double)row.ExplicitLength) / rehearsal.TeacherRows.Sum(row => row.ExplicitLength);
        Info($"teacher: about {Clock(clock.Elapsed.TotalSeconds * share)} before that, measured on {rehearsal.Rows.Count:N0} rows");
    }

    private void ShowLearning(LearningStage stage, StageContext rehearsal)
    {
        context.Log.Phase(stage.Name);
        if (method.Stages.OfType<LearningStage>().Count() > 1)
        {
            Info($"stage {stage.Name}:");
        }

        model.Parameters.Learn(stage.Learns(model));
        var objective = stage.Objective(rehearsal);
        var lengths = objective.Prepare(data.Training, default, new SeededRandom(settings.Train.Seed, "lengths")).Lengths;
        var perEpoch = lengths.Sum(length => (long)length);
        var perStep = (double)perEpoch / data.Training.Count * settings.Train.BatchSize;
        Info($"tokens: {perEpoch:N0} a pass, about {perStep * plan.Steps:N0} in all");
        var seconds = Measure(objective, rehearsal.Rows);
        Info($"time: {seconds:G3} s a step, measured over {MeasuredSteps} steps ({perStep / seconds:F0} tokens/s), "
            + $"about {Clock(seconds * plan.Steps)} in all");
        ShowMemory(lengths.Max());
    }

    private static string Mebibytes(double bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / (1 << 20):N0} MiB");

    private static string Clock(double seconds) =>
        TimeSpan.FromSeconds(System.Math.Min(seconds, TimeSpan.MaxValue.TotalSeconds / 2))
            .ToString(seconds < 86400 ? @"h\:mm\:ss" : @"d\.hh\:mm\:ss", CultureInfo.InvariantCulture);

    private void ShowMemory(int longest)
    {
        var values = model.Parameters.Values;
        double trained = values.numel() * values.element_size(), weights = trained
            + (model.Parameters.Frozen.numel() * values.element_size());
        var copies = model.Precision.Compute == model.Precision.Master
            ? 0
            : weights * model.Precision.Compute.ElementSize() / values.element_size();
        var merged = MergedAdapters.BytesOf(model);
        var kept = weights + copies + merged + (3 * trained);
        var parts = $"weights {Mebibytes(weights + copies + merged)}, gradients {Mebibytes(trained)}, two moments {Mebibytes(2 * trained)}";
        if (model.Device.type != DeviceType.CPU)
        {
            Info($"memory: about {Mebibytes(kept + Activations(longest))} of the device, from the model's shape ({parts}, the rest for "
                + $"activations); a checkpoint takes {Mebibytes(3 * trained)}");
            return;
        }

        var needed = System.Math.Max(StageMeasures.PeakMemory(), kept + StepMemory.ProgramBytes + Activations(longest));
        Info($"memory: {Mebibytes(needed)} at the peak, measured over {MeasuredSteps + 1} steps ({parts}, the rest for activations, "
            + "libtorch and this program)"
            + $"{Fits(needed)}; a checkpoint takes {Mebibytes(3 * trained)} on the disk");
    }

    /// <summary>Whether a run that needs so much would fit where this measurement is now.</summary>
    private static string Fits(double needed)
    {
        var free = FreeMemory.Bytes() + Environment.WorkingSet;
        return free is null
            ? ""
            : $"; {Mebibytes(free.Value)} are free, so that "
                + $"it {(needed <= free.Value ? "fits" : "does not fit: take a smaller --batch-size, --accumulation or --lora-rank")}";
    }

    /// <summary>What a backward pass needs of the largest micro-batch, roughly.</summary>
    private double Activations(int longest)
    {
        var rows = System.Math.Min(plan.Training.MicroBatchSize, data.Training.Count);
        var memory = new StepMemory(
            method, model.Config, model.Precision.Compute.ElementSize(), plan.Training.Checkpointing);
        return memory.Of(rows, data.Training, longest);
    }

    /// <summary>Seconds of a step; the first one, which warms up, is not counted.</summary>
    private double Measure(IObjective objective, IReadOnlyList<EncodedExample> rows)
    {
        using var trainer = new Trainer(model, objective, rows, plan.Training with { Steps = MeasuredSteps + 1 });
        var seconds = 0.0;
        while (!trainer.Finished)
        {
            context.Stop.ThrowIfCancellationRequested();
            var step = trainer.Step();
            seconds += step.Step == 1 ? 0 : step.Seconds;
        }

        return seconds / MeasuredSteps;
    }

    /// <summary>What a rehearsal says is of no use to anyone.</summary>
    private sealed class Silence : IStageLog
    {
        public void Info(string line)
        {
        }

        public void Warn(string line)
        {
        }

        public void Phase(string name, int done = 0, int total = 0)
        {
        }
    }
}
