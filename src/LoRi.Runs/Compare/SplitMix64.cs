namespace LoRi.Runs.Compare;

/// <summary>
/// The generator of Steele, Lea and Flood 2014: small, fast, and the same on every machine, so that a resampling can be repeated
/// elsewhere bit for bit.
/// </summary>
public sealed class SplitMix64(ulong seed)
{
    private ulong state = seed;

    /// <summary>The next 64 bits.</summary>
    public ulong Next()
    {
        state += 0x9E3779B97F4A7C15;
        var z = state;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>A number from 0 to <paramref name="n"/> - 1 from the upper half of one output, without rejection.</summary>
    public uint Below(uint n) => (uint)(((Next() >> 32) * n) >> 32);
}
