namespace LoRi.Runs.Scale;

/// <summary>
/// Time and memory of a training step that many hosts share, where nothing of the sums hides behind the passes: gradients in float32
/// are summed and values gathered in two levels, first within a host and then, an n-th of them by each of its n accelerators, across
/// hosts.
/// </summary>
/// <param name="Model">The model.</param>
/// <param name="Accelerator">What computes.</param>
/// <param name="PerHost">How many of them a host has, n.</param>
/// <param name="Network">What connects hosts.</param>
/// <param name="Work">The tokens of a row.</param>
public sealed record ScaleModel(ScaledModel Model, Accelerator Accelerator, int PerHost, Network Network, ScaledWork Work)
{
    /// <summary>The efficiency that limits are asked for.</summary>
    public const double Wanted = 0.9;

    /// <summary>Bytes of a value in a sum, of a master weight, a gradient, and of each of the two moments.</summary>
    private const double ValueBytes = sizeof(float);

    /// <summary>Seconds until a message is there, within a host and across hosts.</summary>
    private const double NearHop = 8e-6, FarHop = 25e-6;

    /// <summary>Forward and backward passes in forward passes.</summary>
    private const int BothWays = 3;

    /// <summary>Seconds of the passes of some rows on one accelerator.</summary>
    /// <param name="rows">The rows; a part of one where there are fewer rows than accelerators.</param>
    public double Compute(double rows) => (rows * Work.Read * Model.OperationsPerToken / Accelerator.OperationsPerSecond)
        + (Work.LatentSteps * Work.Passes(rows) * Latent(rows / Work.Passes(rows)));

    /// <summary>Seconds of the sum of all gradients and the gathering of all values.</summary>
    /// <param name="hosts">How many hosts.</param>
    public double Communicate(int hosts) => Communicate(PerHost, Accelerator.LinkBytesPerSecond, Model.Trained, NearHop * (PerHost - 1))
        + Communicate(hosts, Network.BytesPerSecond / PerHost, Model.Trained / PerHost, FarHop * System.Math.Log2(hosts));

    /// <summary>Tokens, read at once, that an accelerator must compute a step for an efficiency of <see cref="Wanted"/>.</summary>
    /// <param name="hosts">How many hosts.</param>
    public double TokensWanted(int hosts) =>
        Communicate(hosts) * Wanted / (1 - Wanted) * Accelerator.OperationsPerSecond / Model.OperationsPerToken;

    /// <summary>Speed-up over one host by the number of hosts, where they share the rows of one.</summary>
    /// <param name="hosts">How many hosts.</param>
    /// <param name="rows">Rows that an accelerator has on one host.</param>
    public double StrongEfficiency(int hosts, double rows) => Step(1, rows) / (hosts * Step(hosts, rows / hosts));

    /// <summary>Seconds of a step.</summary>
    /// <param name="hosts">How many hosts.</param>
    /// <param name="rows">Rows of one accelerator.</param>
    public double Step(int hosts, double rows) => Compute(rows) + Communicate(hosts);

    /// <summary>
    /// Bytes that weights, gradients and moments take on one accelerator: float32 weights, with a copy in the type of the arithmetic
    /// where that is narrower; gradients and two moments of what is trained.
    /// </summary>
    /// <param name="momentShares">Among how many the moments are shared.</param>
    /// <param name="gradientShares">Among how many the gradients are shared.</param>
    /// <param name="weightShares">Among how many the weights are shared.</param>
    public double Memory(int momentShares = 1, int gradientShares = 1, int weightShares = 1) =>
        (Weights / weightShares) + (ValueBytes * Model.Trained / gradientShares) + (2 * ValueBytes * Model.Trained / momentShares);

    private double Copies => Accelerator.ElementBytes < ValueBytes ? Accelerator.ElementBytes : 0;

    private double Weights => ((ValueBytes + Copies) * Model.Parameters) + (Model.HasAdapters ? ValueBytes * Model.Trained : 0);

    /// <summary>A latent step, forward and backward: its products, but at least the reading of all weights and the starts of all
    /// blocks.</summary>
    private double Latent(double rows) => BothWays * System.Math.Max(
        rows * 2 * Model.Parameters / Accelerator.OperationsPerSecond,
        System.Math.Max(
            Accelerator.ElementBytes * Model.Parameters / Accelerator.BytesPerSecond,
            Model.Layers * Accelerator.LaunchSeconds));

    /// <summary>Both ways among some: each sends all values but its own share, once as gradients and once as weights.</summary>
    private static double Communicate(int ranks, double bytesPerSecond, double values, double hops) =>
        2 * (((ranks - 1.0) / ranks * ValueBytes * values / bytesPerSecond) + hops);
}
