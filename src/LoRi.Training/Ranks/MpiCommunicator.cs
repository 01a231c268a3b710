using System.Runtime.InteropServices;
using System.Text;
using LoRi.Files;
using static TorchSharp.torch;

namespace LoRi.Training.Ranks;

/// <summary>Ranks that an MPI library connects.</summary>
internal sealed class MpiCommunicator : ICommunicator
{
    /// <summary>Values of a message at most.</summary>
    private const long MessageValues = 1 << 26;

    private readonly MpiLibrary mpi;
    private readonly RankWait wait;
    private readonly TreeSum tree;

    private MpiCommunicator(MpiLibrary mpi, TimeSpan limit)
    {
        (this.mpi, Rank, Size) = (mpi, mpi.Rank(), mpi.Size());
        wait = new RankWait(mpi, Rank, Size, limit);
        tree = new TreeSum(Rank, Size, (other, sent, received) => mpi.Exchange(other, sent.bytes, received.bytes, wait.ForValues));
    }

    /// <inheritdoc/>
    public int Rank { get; }

    /// <inheritdoc/>
    public int Size { get; }

    /// <inheritdoc/>
    public string Library => $"{mpi.Version}, {mpi.File}";

    /// <summary>Connects this process with those that a launcher started beside it.</summary>
    /// <param name="launcher">The launcher.</param>
    /// <param name="limit">How long another rank is waited for; zero for ever.</param>
    /// <exception cref="InputException">There is no MPI library, or not the one of this launcher.</exception>
    public static MpiCommunicator Join(Launcher launcher, TimeSpan limit)
    {
        var mpi = MpiLibrary.Load(launcher);
        mpi.Init();
        var joined = new MpiCommunicator(mpi, limit);
        if ((joined.Rank, joined.Size) != (launcher.Rank, launcher.Size))
        {
            throw new InputException(
                $"{launcher.Name} started this process as number {launcher.Rank} of {launcher.Size}, but {mpi.File} ({mpi.Version}) sees "
                + $"number {joined.Rank} of {joined.Size}: it is not the MPI of this launcher; name that with {Launcher.LibraryVariable}");
        }

        var hosts = joined.Gather(Encoding.UTF8.GetBytes(Environment.MachineName));
        joined.wait.Hosts = [.. hosts.Select(name => Encoding.UTF8.GetString(name))];
        return joined;
    }

    /// <inheritdoc/>
    public void SumShares(Tensor flat)
    {
        Meet();
        tree.SumShares(flat);
    }

    /// <inheritdoc/>
    public void GatherShares(Tensor flat)
    {
        Meet();
        tree.GatherShares(flat);
    }

    /// <inheritdoc/>
    public void Send(Tensor flat, int other) => InPieces(flat, piece => mpi.Send(other, piece.bytes, wait.ForValues));

    /// <inheritdoc/>
    public void Receive(Tensor flat, int other) => InPieces(flat, piece => mpi.Receive(other, piece.bytes, wait.ForValues));

    /// <inheritdoc/>
    public IReadOnlyList<byte[]> Gather(ReadOnlySpan<byte> own)
    {
        Meet();
        var counts = new int[Size];
        mpi.Gather(BitConverter.GetBytes(own.Length), MemoryMarshal.AsBytes(counts.AsSpan()), wait.ForAnswers);
        var places = new int[Size];
        for (var rank = 1; rank < Size; rank++)
        {
            places[rank] = places[rank - 1] + counts[rank - 1];
        }

        var all = new byte[counts.Sum()];
        mpi.Gather(own, all, counts, places, wait.ForAnswers);
        return [.. Enumerable.Range(0, Size).Select(rank => all.AsSpan(places[rank], counts[rank]).ToArray())];
    }

    /// <inheritdoc/>
    public void Wait() => Barrier(wait.ForAll);

    /// <inheritdoc/>
    public void Abort(int code) => mpi.Abort(code);

    /// <inheritdoc/>
    public void Dispose()
    {
        Wait();
        wait.TakeLeft();
        mpi.End();
    }

    /// <summary>A message has less than 2^31 bytes.</summary>
    private static void InPieces(Tensor flat, Action<Tensor> use)
    {
        for (var from = 0L; from < flat.numel(); from += MessageValues)
        {
            using var piece = flat.narrow(0, from, long.Min(MessageValues, flat.numel() - from));
            use(piece);
        }
    }

    /// <summary>Begins what all ranks do together: none transfers anything before all are here.</summary>
    private void Meet() => Barrier(wait.ForAnswers);

    private void Barrier(MpiLibrary.Wait forAll)
    {
        nint request = 0;
        wait.Begin();
        mpi.StartBarrier(ref request);
        forAll(ref request);
    }
}
