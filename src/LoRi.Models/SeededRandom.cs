using static TorchSharp.torch;

namespace LoRi.Models;

/// <summary>
/// Random numbers that depend on a seed and a purpose alone: not on the machine, the library's global generator or the
/// order in which other parts draw. SplitMix64 (Steele, Lea and Flood 2014), so that what was drawn can be drawn again elsewhere
/// bit for bit.
/// </summary>
public sealed class SeededRandom
{
    private ulong state;

    /// <summary>The stream for one purpose (any text) under one seed.</summary>
    /// <param name="seed">Any number.</param>
    /// <param name="purpose">What the numbers are for; another purpose has an independent stream.</param>
    public SeededRandom(long seed, string purpose)
    {
        state = unchecked((ulong)seed * 0x9E3779B97F4A7C15UL);
        foreach (var letter in purpose)
        {
            state = (state ^ letter) * 0x100000001B3UL;
            Next();
        }
    }

    private SeededRandom(ulong state) => this.state = state;

    /// <summary>The published generator with nothing but a seed, for what others must be able to repeat.</summary>
    /// <param name="seed">Any number.</param>
    public static SeededRandom Published(ulong seed) => new(seed);

    /// <summary>64 random bits.</summary>
    public ulong Next()
    {
        var z = state += 0x9E3779B97F4A7C15UL;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        return z ^ (z >> 31);
    }

    /// <summary>Uniform in [0, 1).</summary>
    public double Uniform() => (Next() >> 11) * (1.0 / (1UL << 53));

    /// <summary>Uniform in 0 .. bound - 1.</summary>
    /// <param name="bound">A positive number.</param>
    public int Below(int bound) => (int)System.Math.BigMul(Next(), (ulong)bound, out _);

    /// <summary>Uniform in 0 .. bound - 1, from the upper half of 64 bits.</summary>
    /// <param name="bound">A positive number.</param>
    public uint BelowByUpperHalf(uint bound) => (uint)(((Next() >> 32) * bound) >> 32);

    /// <summary>Standard normal (Box-Muller).</summary>
    public double Normal() =>
        System.Math.Sqrt(-2 * System.Math.Log(1 - Uniform())) * System.Math.Cos(2 * System.Math.PI * Uniform());

    /// <summary>A permutation of 0 .. count - 1 (Fisher-Yates).</summary>
    /// <param name="count">How many numbers; 0 gives none.</param>
    public int[] Permutation(int count)
    {
        var order = Enumerable.Range(0, count).ToArray();
        for (var last = count - 1; last > 0; last--)
        {
            var other = Below(last + 1);
            (order[last], order[other]) = (order[other], order[last]);
        }

        return order;
    }

    /// <summary>Overwrites a tensor with uniform numbers within plus or minus <paramref name="bound"/>.</summary>
    /// <param name="target">A floating-point tensor on the CPU, of any shape.</param>
    /// <param name="bound">The largest absolute value.</param>
    public void FillUniform(Tensor target, double bound) => Fill(target, () => ((2 * Uniform()) - 1) * bound);

    /// <summary>Overwrites a tensor with normal numbers of the given deviation.</summary>
    /// <param name="target">A floating-point tensor on the CPU, of any shape.</param>
    /// <param name="deviation">The standard deviation; the mean is 0.</param>
    public void FillNormal(Tensor target, double deviation) => Fill(target, () => Normal() * deviation);

    private static void Fill(Tensor target, Func<double> draw)
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var values = new double[target.numel()];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = draw();
        }

        target.copy_(tensor(values, ScalarType.Float64).view(target.shape));
    }
}
