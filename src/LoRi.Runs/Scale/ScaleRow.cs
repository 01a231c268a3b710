namespace LoRi.Runs.Scale;

/// <summary>What a number of hosts would do.</summary>
/// <param name="Hosts">How many.</param>
/// <param name="Ranks">Accelerators of all of them.</param>
/// <param name="Memory">Bytes on each, with activations, where each holds all moments.</param>
/// <param name="SharedMemory">The same where all share the moments, as LoRi does among processors.</param>
/// <param name="Seconds">A step with as many rows on each as on one alone.</param>
/// <param name="Communication">Seconds of it that go into sums.</param>
/// <param name="Strong">Efficiency against one host, with the rows of one host dealt out.</param>
/// <param name="TokensWanted">Tokens a step on each for 90 %.</param>
public sealed record ScaleRow(
    int Hosts, int Ranks, double Memory, double SharedMemory, double Seconds, double Communication, double Strong,
    double TokensWanted)
{
    /// <summary>Efficiency against one accelerator, with as many rows on each: the share of a step that is no waiting for sums.</summary>
    public double Weak => 1 - (Communication / Seconds);
}
