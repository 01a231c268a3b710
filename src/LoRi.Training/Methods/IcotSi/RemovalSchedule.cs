namespace LoRi.Training.Methods.IcotSi;

/// <summary>How many tokens of the chain of thought are removed from every row at a step: a pure function of the step.</summary>
internal sealed record RemovalSchedule
{
    /// <summary>Steps of a pass over the data, rounded up.</summary>
    public required int StepsPerEpoch { get; init; }

    /// <summary>Tokens that are removed more after every pass over the data.</summary>
    public double PerEpoch { get; init; } = 8;

    /// <summary>Tokens that are removed from the first step on.</summary>
    public int StartFrom { get; init; }

    /// <summary>From so many on everything is removed; null for never.</summary>
    public int? AllFrom { get; init; }

    /// <summary>Passes over the data in which the number stays where it starts.</summary>
    public int PretrainEpochs { get; init; }

    /// <summary>Steps to one more token, by banker's rounding; 0 for one more at every step, the first included.</summary>
    private int Interval => (int)System.Math.Round(StepsPerEpoch / PerEpoch, MidpointRounding.ToEven);

    /// <summary>Whether a step, counted from 0, belongs to the passes before the removal: it removes what the schedule starts from,
    /// without more.</summary>
    public bool IsPretraining(int step) => step < PretrainEpochs * StepsPerEpoch;

    /// <summary>Tokens that the schedule has come to at a step, counted from 0; null for all.</summary>
    public int? At(int step)
    {
        var grown = Interval == 0 ? step + 1 : System.Math.Max(0, step - (PretrainEpochs * StepsPerEpoch)) / Interval;
        var count = StartFrom + grown;
        return count >= AllFrom ? null : count;
    }
}
