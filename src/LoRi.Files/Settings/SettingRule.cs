namespace LoRi.Files.Settings;

/// <summary>What settings must be together.</summary>
/// <param name="Broken">The message where they are not; null where they are.</param>
/// <param name="About">The settings that the message is about.</param>
public sealed record SettingRule(Func<SettingValues, string?> Broken, params IReadOnlyList<Setting> About)
{
    /// <summary>Pairs of keys of which the first, on the command line, puts the second, of a file, out of force.</summary>
    public IReadOnlyList<(string Given, string Dropped)> Replaces { get; init; } = [];

    /// <summary>Two settings of which one at most may be given; each on the command line replaces the other of a file.</summary>
    /// <param name="one">The first of the pair.</param>
    /// <param name="other">The second of the pair.</param>
    /// <param name="why">What a message says should be done.</param>
    public static SettingRule NotBoth(Setting one, Setting other, string why = "give one of them")
    {
        ArgumentNullException.ThrowIfNull(one);
        ArgumentNullException.ThrowIfNull(other);
        return Beside(one, other, why) with { Replaces = [(one.Key, other.Key), (other.Key, one.Key)] };
    }

    /// <summary>
    /// A setting that stands for some others: none of them may be given beside it, and on the command line it replaces those of a
    /// file.
    /// </summary>
    /// <param name="one">The setting that stands for the others.</param>
    /// <param name="others">The settings that it stands for.</param>
    public static IEnumerable<SettingRule> Instead(Setting one, params IEnumerable<Setting> others) =>
        others.Select(other => Beside(one, other, "give one of them") with { Replaces = [(one.Key, other.Key)] });

    /// <summary>A setting that on the command line puts another, of a file, out of force, though both may be given together.</summary>
    /// <param name="one">The setting that is given on the command line.</param>
    /// <param name="other">The setting of a file that it puts out of force.</param>
    public static SettingRule Drops(Setting one, Setting other)
    {
        ArgumentNullException.ThrowIfNull(one);
        ArgumentNullException.ThrowIfNull(other);
        return new(_ => null, one, other) { Replaces = [(one.Key, other.Key)] };
    }

    private static SettingRule Beside(Setting one, Setting other, string why) => new(
        values => values.IsGiven(one) && values.IsGiven(other) && one.IsThere(values) && other.IsThere(values)
            ? $"{one.Say(values)} and {other.Say(values)} contradict each other: {why}"
            : null,
        one,
        other);
}
