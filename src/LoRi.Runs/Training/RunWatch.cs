using System.Globalization;
using LoRi.Files.Text;
using LoRi.Models.Decoders;
using LoRi.Models.Reasoning;
using LoRi.Models.Sequences;
using LoRi.Models.Tensors;
using LoRi.Runs.RunFolders;
using LoRi.Runs.Settings;
using LoRi.Training;
using static TorchSharp.torch;

namespace LoRi.Runs.Training;

/// <summary>Why a run is lost.</summary>
/// <param name="What">What is wrong, in words.</param>
/// <param name="Since">The first step that it may have spoilt.</param>
internal sealed record WatchFinding(string What, int Since);

/// <summary>
/// Looks for runs that are lost: a loss that is not a number, a loss that grows, latents that all point the same way.
/// </summary>
/// <param name="options">The thresholds.</param>
/// <param name="model">What is trained.</param>
/// <param name="reasoning">How it reasons; without latent steps nothing can collapse.</param>
/// <param name="rows">Rows on whose questions the latents are measured.</param>
/// <param name="seen">What was seen so far.</param>
internal sealed class RunWatch(TrainOptions options, ReasoningModel model, IReasoning reasoning, IReadOnlyList<EncodedExample> rows,
    WatchState seen)
{
    /// <summary>Steps whose losses are averaged.</summary>
    public const int LossWindow = 20;

    /// <summary>Steps between two measurements of the latents.</summary>
    public const int SpreadEvery = 10;

    /// <summary>Measurements that must all be below the threshold.</summary>
    public const int SpreadWindow = 5;

    private const int MeasuredRows = 16;

    /// <summary>Added to the allowed loss, so that a small loss may grow for a while.</summary>
    private const double LossMargin = 1;

    /// <summary>
    /// The spread of the student's latents where it is due after a step: 1 less the squared norm of the mean of their directions,
    /// over the first 16 rows and all latent steps; 0 where all point the same way.
    /// </summary>
    public double? Measure(int step)
    {
        if (reasoning.LatentSteps == 0 || step % SpreadEvery != 0)
        {
            return null;
        }

        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var questions = rows.Take(MeasuredRows).Select(row => row.Question).ToArray();
        var latents = reasoning.Think(model, model.Weights(), questions, trajectory: false)!.Latents!;
        return SpreadOf(latents.reshape(-1, latents.shape[^1]));
    }

    /// <summary>The spread of vectors [n, d].</summary>
    public static double SpreadOf(Tensor vectors)
    {
        using var scope = NewDisposeScope();
        var mean = nn.functional.normalize(vectors.to(ScalarType.Float64), dim: 1).mean([0L]);
        return 1 - mean.Squared().sum().item<double>();
    }

    /// <summary>What is wrong after a step; null where nothing is.</summary>
    public WatchFinding? Check(StepMetrics step, double? spread)
    {
        if (!double.IsFinite(step.Loss) || !double.IsFinite(step.GradientNorm))
        {
            return new WatchFinding(string.Create(CultureInfo.InvariantCulture,
                $"the loss is {step.Loss} and the gradient's norm {step.GradientNorm}"), step.Step);
        }

        return Diverged(step.Loss) is { } loss ? new WatchFinding(loss, step.Step - LossWindow + 1)
            : spread is { } value && Collapsed(value) is { } latents
                ? new WatchFinding(latents, step.Step - (SpreadEvery * (SpreadWindow - 1)))
            : null;
    }

    /// <summary>
    /// The last step before the first, of those in view after <paramref name="step"/>, that looks like the beginning of a loss of the run:
    /// its loss is above what the mean may reach, or the latents collapse from there on; <paramref name="step"/> itself where none does.
    /// </summary>
    public int SoundUntil(int step)
    {
        var above = seen.First.Count == LossWindow && options.DivergenceFactor > 0 ? seen.Recent.ToList()
            .FindIndex(loss => loss > Limit(seen.First.Average())) : -1;
        var collapsed = seen.Spreads.Reverse().TakeWhile(spread => spread < options.CollapseThreshold).Count();
        return System.Math.Min(
            above < 0 ? step : step - (seen.Recent.Count - above),
            collapsed == 0 ? step : (((step / SpreadEvery) - collapsed + 1) * SpreadEvery) - 1);
    }

    private double Limit(double before) => (options.DivergenceFactor * before) + LossMargin;

    private string? Diverged(double loss)
    {
        if (seen.First.Count < LossWindow)
        {
            seen.First.Add(loss);
        }

        Push(seen.Recent, loss, LossWindow);
        var (before, now) = (seen.First.Average(), seen.Recent.Average());
        return options.DivergenceFactor > 0 && seen.First.Count == LossWindow && now > Limit(before)
            ? string.Create(CultureInfo.InvariantCulture, $"the loss diverges, on average {NumberText.Of(now)} over the last {LossWindow} "
                + $"steps and {NumberText.Of(before)} over the first (--divergence-factor {options.DivergenceFactor}, 0 turns this off)")
            : null;
    }

    private string? Collapsed(double spread)
    {
        Push(seen.Spreads, spread, SpreadWindow);
        return seen.Spreads.Count == SpreadWindow && seen.Spreads.Max() < options.CollapseThreshold
            ? string.Create(CultureInfo.InvariantCulture, $"the latents have collapsed to one vector, their spread is "
                + $"{seen.Spreads.Max():G2} or less since {SpreadEvery * (SpreadWindow - 1)} steps (--collapse-threshold "
                + $"{options.CollapseThreshold}, 0 turns this off)")
            : null;
    }

    private static void Push(IList<double> window, double value, int length)
    {
        if (window.Count == length)
        {
            window.RemoveAt(0);
        }

        window.Add(value);
    }
}
