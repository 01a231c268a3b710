using LoRi.Files;

namespace LoRi.Training.Ranks;

/// <summary>
/// A group of ranks that NCCL connects. Whoever takes its handle out ends it, so that it is ended once, and nobody uses one that has
/// ended; what hangs in a call of it is ended from another thread.
/// </summary>
/// <param name="nccl">The library.</param>
/// <param name="joined">The handle of a group that this rank has joined.</param>
internal sealed class NcclGroup(NcclLibrary nccl, nint joined)
{
    private nint handle = joined;

    /// <summary>Whether nobody has ended it.</summary>
    public bool IsOpen => Volatile.Read(ref handle) != 0;

    /// <inheritdoc cref="NcclLibrary.StartExchange"/>
    /// <exception cref="InputException">It was ended, or fails.</exception>
    public void StartExchange(int other, CardMemory sent, CardMemory received)
    {
        nccl.StartExchange(Running(), other, sent, received);
    }

    /// <summary>Throws what has gone wrong since it was asked last.</summary>
    /// <exception cref="InputException">Something has, or the group was ended.</exception>
    public void CheckRunning()
    {
        nccl.CheckRunning(Running());
    }

    /// <summary>Leaves it, once all that was begun has ended; does nothing where it was ended.</summary>
    /// <exception cref="InputException">NCCL fails.</exception>
    public void Leave() => End(nccl.Leave);

    /// <summary>Ends it, and what was begun; does nothing where it was ended.</summary>
    public void Abort() => End(nccl.Abort);

    /// <summary>The handle, for a call that may hang and is then ended by another thread, which must not wait for it.</summary>
    private nint Running() =>
        Volatile.Read(ref handle) is var open and not 0 ? open : throw new InputException("the calls of NCCL were ended meanwhile");

    private void End(Action<nint> end)
    {
        var taken = Interlocked.Exchange(ref handle, 0);
        if (taken != 0)
        {
            end(taken);
        }
    }
}
