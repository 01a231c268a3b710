using System.Diagnostics;
using System.Globalization;
using LoRi.Models.Decoders;
using LoRi.Models.Reasoning;
using LoRi.Models.Sequences;
using LoRi.Runs.Settings;
using LoRi.Training;
using LoRi.Training.Methods;
using LoRi.Training.Methods.LatentCrossEntropy;
using TorchSharp;
using static TorchSharp.torch;

namespace LoRi.Runs.Plans;

/// <summary>
/// What a run would take, from its settings and a few steps that are measured and thrown away. Nothing is written.
/// </summary>
/// <param name="settings">The run's settings.</param>
/// <param name="model">What would be trained; the measured steps change it.</param>
/// <param name="data">On what.</param>
/// <param name="info">Told the results, a line each.</param>
/// <param name="stop">Asks to stop.</param>
internal sealed class RunEstimate(RunSettings settings, ReasoningModel model, TrainingData data, Action<string> info, CancellationToken stop)
{
    private const int MeasuredSteps = 3;
    private readonly RunPlan plan = new(settings, data.Training.Count);

    /// <summary>Shows steps, tokens, memory and time.</summary>
    /// <param name="method">How would be trained; null for a method that needs what a frozen teacher leaves, of which the task's term is measured.</param>
    public void Show(ITrainingMethod? method)
    {
        var measured = method ?? new LatentCrossEntropyMethod(settings.Latent.LatentSteps, settings.Latent.Grade);
        var perEpoch = data.Training.Sum(row => (long)measured.TokensOf(row));
        var perStep = (double)perEpoch / data.Training.Count * settings.Train.BatchSize;
        info($"steps: {plan.Steps:N0} of {settings.Train.BatchSize} rows, {plan.Epochs:G3} passes over {data.Training.Count:N0} rows, {plan.WarmupSteps:N0} of them warm-up");
        info($"tokens: {perEpoch:N0} a pass, about {perStep * plan.Steps:N0} in all");
        var seconds = Measure(measured);
        info($"time: {seconds:G3} s a step, measured over {MeasuredSteps} steps ({perStep / seconds:F0} tokens/s), about {Clock(seconds * plan.Steps)} in all"
            + (method is null ? "; the terms beside the task's are not measured and add to that" : ""));
        if (method is null)
        {
            var teacher = MeasureTeacher();
            info($"teacher: about {Clock(teacher)} before that, measured on one batch of the student's own weights");
        }

        ShowMemory(measured);
        info("dry run: nothing was written");
    }

    private static string Mebibytes(double bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / (1 << 20):N0} MiB");

    private static string Clock(double seconds) =>
        TimeSpan.FromSeconds(System.Math.Min(seconds, TimeSpan.MaxValue.TotalSeconds / 2)).ToString(seconds < 86400 ? @"h\:mm\:ss" : @"d\.hh\:mm\:ss", CultureInfo.InvariantCulture);

    private void ShowMemory(ITrainingMethod method)
    {
        var values = model.Parameters.Values;
        double trained = values.numel() * values.element_size(), weights = trained + (model.Parameters.Frozen.numel() * values.element_size());
        var copies = model.Precision.Compute == model.Precision.Master ? 0 : weights * model.Precision.Compute.ElementSize() / values.element_size();
        var kept = weights + copies + (3 * trained);
        var parts = $"weights {Mebibytes(weights + copies)}, gradients {Mebibytes(trained)}, two moments {Mebibytes(2 * trained)}";
        if (model.Device.type != DeviceType.CPU)
        {
            info($"memory: about {Mebibytes(kept + Activations(method))} of the device, from the model's shape ({parts}, the rest for activations); a checkpoint takes {Mebibytes(3 * trained)}");
            return;
        }

        var needed = System.Math.Max(StageMeasures.PeakMemory(), kept + Activations(method));
        info($"memory: {Mebibytes(needed)} at the peak, measured over {MeasuredSteps + 1} steps ({parts}, the rest for activations, libtorch and this program)"
            + $"{Fits(needed)}; a checkpoint takes {Mebibytes(3 * trained)} on the disk");
    }

    /// <summary>Whether a run that needs so much would fit where this measurement is now.</summary>
    private static string Fits(double needed)
    {
        var free = FreeMemory.Bytes() + Environment.WorkingSet;
        return free is null ? "" : $"; {Mebibytes(free.Value)} are free, so that it {(needed <= free.Value ? "fits" : "does not fit: take a smaller --batch-size, --accumulation or --lora-rank")}";
    }

    /// <summary>What a backward pass needs of the largest micro-batch, roughly.</summary>
    private double Activations(ITrainingMethod method)
    {
        var rows = System.Math.Min(plan.Training.MicroBatchSize, data.Training.Count);
        var graded = data.Training.Max(row => row.Answer.Length + row.Prefix.Length + (method.AnswerMode == AnswerMode.Explicit ? row.Rationale.Length : 0));
        return MemoryEstimate.Activations(model.Config, rows, data.Training.Max(method.TokensOf), graded, model.Precision.Compute.ElementSize());
    }

    /// <summary>Seconds of a step; the first one, which warms up, is not counted.</summary>
    private double Measure(ITrainingMethod method)
    {
        using var trainer = new Trainer(model, method, data.Training, plan.Training with { Steps = MeasuredSteps + 1 });
        var seconds = 0.0;
        while (!trainer.Finished)
        {
            stop.ThrowIfCancellationRequested();
            var step = trainer.Step();
            seconds += step.Step == 1 ? 0 : step.Seconds;
        }

        return seconds / MeasuredSteps;
    }

    /// <summary>Seconds of a pass over the explicit chains of all rows.</summary>
    private double MeasureTeacher()
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var rows = data.Training.Take(settings.Train.BatchSize).ToArray();
        var clock = Stopwatch.StartNew();
        GradedPass.Run(model, model.Weights(), [.. rows.Select(GradedRow.Explicit)], levels: true).Anchors().sum().to(ScalarType.Float64).item<double>();
        return clock.Elapsed.TotalSeconds * data.Training.Sum(row => (double)row.ExplicitLength) / rows.Sum(row => row.ExplicitLength);
    }
}
