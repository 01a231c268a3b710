namespace LoRi.Runs.Scale;

/// <summary>What computes one rank's share of a step: a GPU, or a host that computes on its processor.</summary>
/// <param name="Name">Its name on the command line.</param>
/// <param name="OperationsPerSecond">Floating-point operations a second that matrix products reach.</param>
/// <param name="MemoryBytes">Its memory.</param>
/// <param name="BytesPerSecond">What it reads of its memory in a second.</param>
/// <param name="LinkBytesPerSecond">What it sends to others of its host in a second.</param>
/// <param name="ElementBytes">Bytes of a number of the arithmetic; with fewer than 4 the weights are held in it as well.</param>
/// <param name="LaunchSeconds">What starting the work of one block takes at least.</param>
public sealed record Accelerator(
    string Name, double OperationsPerSecond, double MemoryBytes, double BytesPerSecond, double LinkBytesPerSecond, int ElementBytes,
    double LaunchSeconds)
{
    private const double Tera = 1e12, Giga = 1e9;

    /// <summary>Share of a GPU's nominal rate that is reached.</summary>
    private const double Reached = 0.4;

    /// <summary>Seconds to start a block's kernels.</summary>
    private const double Launches = 60e-6;

    private const int Half = 2, Single = 4;

    /// <summary>How many a host has where nothing else is said.</summary>
    public int PerHost { get; init; } = 8;

    /// <summary>Those that can be named: nominal rates of their makers, in bfloat16 where it is a GPU.</summary>
    public static IReadOnlyList<Accelerator> Known { get; } =
    [
        new("h100", Reached * 989 * Tera, 80 * Giga, 3.35 * Tera, 330 * Giga, Half, Launches),
        new("h200", Reached * 989 * Tera, 141 * Giga, 4.8 * Tera, 330 * Giga, Half, Launches),
        new("a100", Reached * 312 * Tera, 80 * Giga, 2.04 * Tera, 220 * Giga, Half, Launches),
        new("cpu-64", 3 * Tera, 256 * Giga, 0.3 * Tera, 10 * Giga, Single, 0) { PerHost = 1 },
    ];
}
