using System.Globalization;
using LoRi.Files.Text;
using LoRi.Training;

namespace LoRi.Runs.RunFolders;

/// <summary>
/// Sums steps up between two logged ones; writes rows of <c>metrics.jsonl</c>, curves for TensorBoard, and lines for people.
/// </summary>
internal sealed class StepLog(MetricsWriter metrics, EventFile events, RunState state, int every, int steps, RunLog log)
{
    /// <summary>Weight of the last step in the rate that the progress shows.</summary>
    private const double NewShare = 0.1;

    private long tokensSince;
    private double secondsSince;
    private double secondsPerStep;
    private double tokensPerStep;

    /// <summary>Takes a step; it is logged where it is due.</summary>
    /// <param name="step">The step.</param>
    /// <param name="measures">What was measured beside its loss.</param>
    /// <param name="kept">Whether the files get it in any case.</param>
    /// <param name="shown">Whether the log gets it in any case.</param>
    public void Add(StepMetrics step, IReadOnlyDictionary<string, double> measures, bool kept, bool shown)
    {
        state.Tokens += step.Tokens;
        state.Seconds += step.Seconds;
        tokensSince += step.Tokens;
        secondsSince += step.Seconds;
        ShowProgress(step);
        var due = step.Step % every == 0 || step.Step == 1 || step.Step == steps;
        if (due || kept || shown)
        {
            Write(step, measures, due || shown);
        }
    }

    private void Write(StepMetrics step, IReadOnlyDictionary<string, double> measures, bool shown)
    {
        var rate = tokensSince / System.Math.Max(1e-9, secondsSince);
        var row = new MetricsRow(step.Step, state.Tokens, step.Loss, step.Terms, step.LearningRate, step.GradientNorm, rate,
            state.Seconds)
        { Measures = measures };
        metrics.Write(row);
        events.Add(row.ToJson());
        (tokensSince, secondsSince) = (0, 0);
        if (!shown)
        {
            return;
        }

        var terms = string.Join(", ", step.Terms.Select(term => $"{term.Key} {NumberText.Of(term.Value)}"));
        log.Step(string.Create(
            CultureInfo.InvariantCulture,
            $"step {step.Step}/{steps}: loss {NumberText.Of(step.Loss)} ({terms}), gradient {NumberText.Of(step.GradientNorm, 2)}, "
            + $"rate {NumberText.Rate(step.LearningRate)}, {rate:F0} tokens/s"));
    }

    private void ShowProgress(StepMetrics step)
    {
        var share = secondsPerStep == 0 ? 1 : NewShare;
        secondsPerStep += share * (step.Seconds - secondsPerStep);
        tokensPerStep += share * (step.Tokens - tokensPerStep);
        var seconds = System.Math.Max(1e-9, secondsPerStep);
        log.Progress(new RunProgress(
            step.Step, steps, step.Loss, step.Terms, 1 / seconds, tokensPerStep / seconds,
            TimeSpan.FromSeconds(seconds * (steps - step.Step))));
    }
}
