using System.Runtime.InteropServices;
using LoRi.Files;
using static TorchSharp.torch;

namespace LoRi.Training.Ranks;

/// <summary>Ranks that an MPI library connects.</summary>
internal sealed class MpiCommunicator : ICommunicator
{
    /// <summary>Looks at the others without a pause: what they wait for is often there at once.</summary>
    private const int Looks = 2_000;

    private readonly MpiLibrary mpi;

    private MpiCommunicator(MpiLibrary mpi) => (this.mpi, Rank, Size) = (mpi, mpi.Rank(), mpi.Size());

    /// <inheritdoc/>
    public int Rank { get; }

    /// <inheritdoc/>
    public int Size { get; }

    /// <inheritdoc/>
    public string Library => $"{mpi.Version}, {mpi.File}";

    /// <summary>Connects this process with those that a launcher started beside it.</summary>
    /// <exception cref="InputException">There is no MPI library, or not the one of this launcher.</exception>
    public static MpiCommunicator Join(Launcher launcher)
    {
        var mpi = MpiLibrary.Load(launcher);
        mpi.Init();
        var joined = new MpiCommunicator(mpi);
        return (joined.Rank, joined.Size) == (launcher.Rank, launcher.Size)
            ? joined
            : throw new InputException(
                $"{launcher.Name} started this process as number {launcher.Rank} of {launcher.Size}, but {mpi.File} ({mpi.Version}) sees "
                + $"number {joined.Rank} of {joined.Size}: it is not the MPI of this launcher; name that with {Launcher.LibraryVariable}");
    }

    /// <inheritdoc/>
    public void Sum(Tensor flat)
    {
        Wait();
        new TreeSum(Rank, Size, (other, sent, received) => mpi.Exchange(other, sent.bytes, received.bytes)).Sum(flat);
    }

    /// <inheritdoc/>
    public IReadOnlyList<byte[]> Gather(ReadOnlySpan<byte> own)
    {
        Wait();
        var counts = new int[Size];
        mpi.Gather(BitConverter.GetBytes(own.Length), MemoryMarshal.AsBytes(counts.AsSpan()));
        var places = new int[Size];
        for (var rank = 1; rank < Size; rank++)
        {
            places[rank] = places[rank - 1] + counts[rank - 1];
        }

        var all = new byte[counts.Sum()];
        mpi.Gather(own, all, counts, places);
        return [.. Enumerable.Range(0, Size).Select(rank => all.AsSpan(places[rank], counts[rank]).ToArray())];
    }

    /// <inheritdoc/>
    public void Wait()
    {
        nint request = 0;
        mpi.StartBarrier(ref request);
        for (var looks = 0; !mpi.IsDone(ref request); looks++)
        {
            if (looks < Looks)
            {
                Thread.Yield();
            }
            else
            {
                Thread.Sleep(1);
            }
        }
    }

    /// <inheritdoc/>
    public void Abort(int code) => mpi.Abort(code);

    /// <inheritdoc/>
    public void Dispose()
    {
        Wait();
        mpi.End();
    }
}
