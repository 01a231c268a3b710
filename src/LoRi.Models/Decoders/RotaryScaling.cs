namespace LoRi.Models.Decoders;

/// <summary>How rotary frequencies are changed for sequences that are longer than those of pretraining.</summary>
public enum RotaryScalingKind
{
    /// <summary>Every frequency divided by the factor (Chen et al. 2023, arXiv 2306.15595).</summary>
    Linear,

    /// <summary>The base grows with the length beyond the original one (dynamic NTK).</summary>
    Dynamic,

    /// <summary>Long wavelengths divided by the factor, short ones kept, a smooth band between (Llama 3.1).</summary>
    Llama3,

    /// <summary>
    /// A ramp over the components by their rotations, and a factor on the angles' cosines (Peng et al. 2023, arXiv 2309.00071).
    /// </summary>
    Yarn,

    /// <summary>
    /// Every frequency divided by a number of its own (longrope with one list of factors; the frequency table of a GGUF file).
    /// </summary>
    Divided,
}

/// <summary>One scaling with its numbers; those of other kinds are unused.</summary>
/// <param name="Kind">Which one.</param>
/// <param name="Factor">How many times longer.</param>
public sealed record RotaryScaling(RotaryScalingKind Kind, double Factor)
{
    /// <summary>Length of pretraining (llama3, yarn; dynamic: where growth of the base begins).</summary>
    public int OriginalPositions { get; init; }

    /// <summary>llama3: wavelengths above original length / this are divided.</summary>
    public double LowFrequencyFactor { get; init; }

    /// <summary>llama3: wavelengths below original length / this are kept.</summary>
    public double HighFrequencyFactor { get; init; }

    /// <summary>yarn: components with more rotations over the original length than this are kept.</summary>
    public double BetaFast { get; init; }

    /// <summary>yarn: components with fewer rotations than this are divided.</summary>
    public double BetaSlow { get; init; }

    /// <summary>yarn: whether the ramp's ends are rounded to whole components.</summary>
    public bool Truncate { get; init; } = true;

    /// <summary>What cosines and sines are multiplied by: sqrt(1/t) of yarn, 1 elsewhere.</summary>
    public double AttentionFactor { get; init; } = 1;

    /// <summary>divided: the number of each frequency; null elsewhere.</summary>
    public FrequencyDivisors? Divisors { get; init; }

    /// <summary>Kind and factor, for reading.</summary>
    public override string ToString() => Divisors is null
        ? string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{Kind.ToString().ToLowerInvariant()}, factor {Factor:R}")
        : "one factor a frequency";
}

/// <summary>The rotation of a family's heads.</summary>
/// <param name="Size">Components of a head; even.</param>
/// <param name="Base">Base of the frequencies.</param>
/// <param name="Scaling">Scaling; null for none.</param>
public sealed record RotaryShape(int Size, double Base, RotaryScaling? Scaling)
{
    /// <summary>What cosines and sines are multiplied by.</summary>
    public double AttentionFactor => Scaling?.AttentionFactor ?? 1;

    /// <summary>
    /// Angle per position of component pairs 0 .. size/2 - 1, for a pass whose sequences have <paramref name="length"/>
    /// positions so far (which only the dynamic scaling asks for).
    /// </summary>
    /// <param name="length">Positions of the sequence.</param>
    public double[] Frequencies(int length) => Scaling switch
    {
        null => Plain(Base),
        { Kind: RotaryScalingKind.Linear } linear => [.. Plain(Base).Select(frequency => frequency / linear.Factor)],
        { Kind: RotaryScalingKind.Dynamic } dynamic => Plain(Grown(dynamic, length)),
        { Kind: RotaryScalingKind.Llama3 } llama3 => [.. Plain(Base).Select(frequency => Banded(llama3, frequency))],
        { Kind: RotaryScalingKind.Yarn } yarn => Ramped(yarn),
        { Kind: RotaryScalingKind.Divided } divided =>
            [.. Plain(Base).Zip(divided.Divisors!.Values, (frequency, divisor) => frequency / divisor)],
        _ => throw new InvalidOperationException("invariant: a scaling without a formula"),
    };

    /// <summary>Whether frequencies at two lengths are the same.</summary>
    /// <param name="one">Positions of a sequence.</param>
    /// <param name="other">Positions of another.</param>
    public bool SameAt(int one, int other) =>
        Scaling is not { Kind: RotaryScalingKind.Dynamic } dynamic
        || System.Math.Max(one, dynamic.OriginalPositions) == System.Math.Max(other, dynamic.OriginalPositions);

    private static double Banded(RotaryScaling scaling, double frequency)
    {
        var wavelength = 2 * System.Math.PI / frequency;
        double original = scaling.OriginalPositions;
        if (wavelength > original / scaling.LowFrequencyFactor)
        {
            return frequency / scaling.Factor;
        }

        if (wavelength < original / scaling.HighFrequencyFactor)
        {
            return frequency;
        }

        var smooth = ((original / wavelength) - scaling.LowFrequencyFactor) / (scaling.HighFrequencyFactor - scaling.LowFrequencyFactor);
        return ((1 - smooth) * frequency / scaling.Factor) + (smooth * frequency);
    }

    private double[] Plain(double from) => [.. Enumerable.Range(0, Size / 2).Select(i => System.Math.Pow(from, -2.0 * i / Size))];

    private double Grown(RotaryScaling scaling, int length)
    {
        double original = scaling.OriginalPositions, longest = System.Math.Max(length, original);
        return Base * System.Math.Pow((scaling.Factor * longest / original) - (scaling.Factor - 1), Size / (Size - 2.0));
    }

    private double[] Ramped(RotaryScaling scaling)
    {
        var (low, high) = (Component(scaling.BetaFast, scaling), Component(scaling.BetaSlow, scaling));
        (low, high) = scaling.Truncate ? (System.Math.Floor(low), System.Math.Ceiling(high)) : (low, high);
        (low, high) = (System.Math.Max(low, 0), System.Math.Min(high, Size - 1));
        high = low == high ? high + 0.001 : high;
        return [.. Plain(Base).Select((frequency, i) =>
        {
            var divided = System.Math.Clamp((i - low) / (high - low), 0, 1);
            return (frequency / scaling.Factor * divided) + (frequency * (1 - divided));
        })];
    }

    /// <summary>The component that makes so many rotations over the original length.</summary>
    private double Component(double rotations, RotaryScaling scaling) =>
        Size * System.Math.Log(scaling.OriginalPositions / (rotations * 2 * System.Math.PI)) / (2 * System.Math.Log(Base));
}
