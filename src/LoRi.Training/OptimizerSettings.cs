namespace LoRi.Training;

/// <summary>How the learning rate moves after the warm-up.</summary>
public enum Schedule
{
    /// <summary>It stays.</summary>
    Constant,

    /// <summary>Half a cosine down to zero at the last step.</summary>
    Cosine,

    /// <summary>Constant for the first half of the steps, then half a cosine down to zero.</summary>
    HalfCosine,
}

/// <summary>AdamW and its schedule.</summary>
public sealed record OptimizerSettings
{
    /// <summary>Peak learning rate.</summary>
    public required double LearningRate { get; init; }

    /// <summary>Course of the learning rate after the warm-up.</summary>
    public Schedule Schedule { get; init; } = Schedule.Cosine;

    /// <summary>Steps of linear warm-up from zero.</summary>
    public int WarmupSteps { get; init; }

    /// <summary>Decay of the first moment.</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>Decay of the second moment.</summary>
    public double Beta2 { get; init; } = 0.999;

    /// <summary>Added to the root of the second moment.</summary>
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>Decoupled weight decay, on matrices only unless <see cref="DecayAll"/>.</summary>
    public double WeightDecay { get; init; } = 0.01;

    /// <summary>Whether tables, norms and biases are decayed as well.</summary>
    public bool DecayAll { get; init; }

    /// <summary>Largest global 2-norm of the gradient; infinity leaves it as it is.</summary>
    public double ClipNorm { get; init; } = 1;

    /// <summary>The learning rate of a step (counted from 0) of <paramref name="steps"/>.</summary>
    /// <param name="step">The step, counted from 0.</param>
    /// <param name="steps">All steps of the stage.</param>
    public double LearningRateAt(int step, int steps)
    {
        if (step < WarmupSteps)
        {
            return LearningRate * (step + 1) / WarmupSteps;
        }

        var start = Schedule == Schedule.HalfCosine ? System.Math.Max(WarmupSteps, steps / 2) : WarmupSteps;
        if (Schedule == Schedule.Constant || step < start)
        {
            return LearningRate;
        }

        var progress = (double)(step - start) / System.Math.Max(1, steps - start);
        return LearningRate * 0.5 * (1 + System.Math.Cos(System.Math.PI * progress));
    }
}
