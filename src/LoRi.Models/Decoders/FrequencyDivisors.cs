namespace LoRi.Models.Decoders;

/// <summary>
/// What each rotary frequency is divided by, one positive number for every pair of components; equal where all numbers are.
/// </summary>
/// <param name="values">Positive numbers, half as many as a head has components.</param>
public sealed class FrequencyDivisors(IReadOnlyList<double> values) : IEquatable<FrequencyDivisors>
{
    /// <summary>The numbers, size / 2 of them.</summary>
    public IReadOnlyList<double> Values { get; } = values;

    /// <inheritdoc/>
    public bool Equals(FrequencyDivisors? other) => other is not null && Values.SequenceEqual(other.Values);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as FrequencyDivisors);

    /// <inheritdoc/>
    public override int GetHashCode() => Values.Aggregate(Values.Count, HashCode.Combine);
}
