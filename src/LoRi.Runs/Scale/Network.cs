namespace LoRi.Runs.Scale;

/// <summary>What connects hosts.</summary>
/// <param name="Name">Its name on the command line.</param>
/// <param name="BytesPerSecond">Bytes that a host sends in a second, as they are reached.</param>
public sealed record Network(string Name, double BytesPerSecond)
{
    private const double BytesPerGigabit = 1e9 / 8;

    /// <summary>Shares of the nominal rate that are reached, by InfiniBand and by Ethernet.</summary>
    private const double InfiniBand = 0.84, Ethernet = 0.8;

    /// <summary>Those that can be named.</summary>
    public static IReadOnlyList<Network> Known { get; } =
    [
        new("8x400g", 8 * 400 * BytesPerGigabit * InfiniBand),
        new("400g", 400 * BytesPerGigabit * InfiniBand),
        new("100g", 100 * BytesPerGigabit * Ethernet),
        new("25g", 25 * BytesPerGigabit * Ethernet),
        new("10g", 10 * BytesPerGigabit * Ethernet),
        new("1g", BytesPerGigabit * Ethernet),
    ];
}
