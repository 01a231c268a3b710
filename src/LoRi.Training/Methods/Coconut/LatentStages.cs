namespace LoRi.Training.Methods.Coconut;

/// <summary>How much of a row's chain of thought is replaced.</summary>
/// <param name="Skipped">Steps of the chain that are left out.</param>
/// <param name="Latents">Latent steps.</param>
internal readonly record struct Replacement(int Skipped, int Latents);

/// <summary>
/// Stage by stage one more step of the chain of thought is replaced by latent steps; beyond the last stage the whole chain is.
/// </summary>
internal sealed record LatentStages : ICurriculum
{
    /// <summary>Latent steps that stand for one step of the chain, c.</summary>
    public required int PerStep { get; init; }

    /// <summary>The last stage that leaves a rest of the chain.</summary>
    public required int Last { get; init; }

    /// <summary>Passes over the data of a stage.</summary>
    public required double EpochsPerStage { get; init; }

    /// <summary>The stage of the first step: 1 for a model that writes chains already.</summary>
    public int First { get; init; }

    /// <summary>Whether every row has the latent steps of its stage, or none for steps that its chain has not, once the whole chain is
    /// replaced.</summary>
    public bool PadsLatents { get; init; } = true;

    /// <summary>When the optimizer is reset.</summary>
    public OptimizerReset Reset { get; init; } = OptimizerReset.Stage;

    /// <summary>The stage at a moment.</summary>
    public int StageAt(Moment now) => First + now.Made(EpochsPerStage);

    /// <summary>What is replaced in a row of so many steps.</summary>
    public Replacement Of(int stage, int steps)
    {
        var latents = stage <= Last ? stage : PadsLatents ? Last : System.Math.Min(steps, Last);
        return new(stage <= Last ? System.Math.Min(stage, steps) : steps, latents * PerStep);
    }

    /// <inheritdoc/>
    public int PointAt(Moment now) => System.Math.Min(StageAt(now), Last + 1);

    /// <inheritdoc/>
    public bool ResetsOptimizer(Moment now, Func<IPreparedStep> before) => Reset switch
    {
        OptimizerReset.Stage => PointAt(now) > PointAt(now.Before),
        OptimizerReset.Epoch => now.Made(1) > now.Before.Made(1),
        _ => false,
    };
}
