using System.Globalization;
using LoRi.Training.Training;

namespace LoRi.Training.Runs;

/// <summary>Sums steps up between two logged ones, writes rows of <c>metrics.jsonl</c> and lines for people.</summary>
internal sealed class StepLog(MetricsWriter metrics, int every, int steps, Action<string> info)
{
    private long tokens;
    private long tokensSince;
    private double seconds;
    private double secondsSince;

    public void Add(StepMetrics step)
    {
        tokens += step.Tokens;
        tokensSince += step.Tokens;
        seconds += step.Seconds;
        secondsSince += step.Seconds;
        if (step.Step % every != 0 && step.Step != 1 && step.Step != steps)
        {
            return;
        }

        var rate = tokensSince / System.Math.Max(1e-9, secondsSince);
        metrics.Write(new MetricsRow(step.Step, tokens, step.Loss, step.Terms, step.LearningRate, step.GradientNorm, rate, seconds));
        var terms = string.Join(", ", step.Terms.Select(term => string.Create(CultureInfo.InvariantCulture, $"{term.Key} {term.Value:F4}")));
        info(string.Create(
            CultureInfo.InvariantCulture,
            $"step {step.Step}/{steps}: loss {step.Loss:F4} ({terms}), gradient {step.GradientNorm:F2}, rate {step.LearningRate:G3}, {rate:F0} tokens/s"));
        (tokensSince, secondsSince) = (0, 0);
    }
}
