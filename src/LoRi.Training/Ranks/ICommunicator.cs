using static TorchSharp.torch;

namespace LoRi.Training.Ranks;

/// <summary>
/// The processes, called ranks, that a launcher started for one command, as one of them sees them. All ranks make the same calls in the
/// same order; each call waits for all of them. What comes out does not depend on which rank was late. Tensors are in memory of the
/// processor, or on the ranks' cards where these are connected.
/// </summary>
public interface ICommunicator : IDisposable
{
    /// <summary>The number of this process, from 0.</summary>
    int Rank { get; }

    /// <summary>How many there are.</summary>
    int Size { get; }

    /// <summary>Whether this process owns the run's files, its screen and every decision that depends on time.</summary>
    bool IsFirst => Rank == 0;

    /// <summary>What connects the ranks, in words.</summary>
    string Library { get; }

    /// <summary>
    /// Replaces a tensor by its sum over all ranks, added as one binary tree over their numbers: ((r0 + r1) + (r2 + r3)) + ...
    /// </summary>
    /// <param name="flat">The values [n] of this rank; of the same length and type, and on the same kind of device, on every rank.</param>
    void Sum(Tensor flat)
    {
        SumShares(flat);
        GatherShares(flat);
    }

    /// <summary>
    /// The same for the values that are this rank's share, about an n-th for each of n ranks; what the others become has no meaning.
    /// </summary>
    /// <param name="flat">The values [n] of this rank; of the same length and type, and on the same kind of device, on every rank.</param>
    void SumShares(Tensor flat);

    /// <summary>Fills the shares of the other ranks with what these have there.</summary>
    /// <param name="flat">The values [n] of this rank; of the same length and type, and on the same kind of device, on every rank.</param>
    void GatherShares(Tensor flat);

    /// <summary>Sends a tensor to another rank, which <see cref="Receive"/>s it; ranks beside these two do nothing.</summary>
    /// <param name="flat">The values [n].</param>
    /// <param name="other">The number of the other rank.</param>
    void Send(Tensor flat, int other);

    /// <summary>Fills a tensor with what another rank sends.</summary>
    /// <param name="flat">The values [n], of the length and type that are sent, and on the same kind of device.</param>
    /// <param name="other">The number of the other rank.</param>
    void Receive(Tensor flat, int other);

    /// <summary>What every rank brings, in the order of the ranks; any lengths.</summary>
    /// <param name="own">What this rank brings.</param>
    IReadOnlyList<byte[]> Gather(ReadOnlySpan<byte> own);

    /// <summary>
    /// Waits, without using a core, until every rank is here, however long that takes; the other operations end where a rank does not
    /// answer for a time.
    /// </summary>
    void Wait();

    /// <summary>Whether any rank is asked to stop: then all of them stop at the same place.</summary>
    /// <param name="token">What this rank is asked by.</param>
    bool AnyAsks(CancellationToken token) =>
        Gather([token.IsCancellationRequested ? (byte)1 : (byte)0]).Any(asked => asked[0] != 0);

    /// <summary>Ends all ranks at once with an exit code. Does not return.</summary>
    /// <param name="code">The exit code, not 0.</param>
    void Abort(int code);
}
