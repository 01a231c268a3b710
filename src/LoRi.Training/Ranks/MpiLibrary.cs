using System.Runtime.InteropServices;
using System.Text;
using LoRi.Files;
using LoRi.Models.Native;

namespace LoRi.Training.Ranks;

/// <summary>
/// The functions of an MPI library that are used, with signatures that serve both families: a handle is the address of a symbol in Open
/// MPI and a 32-bit number in MPICH and its relatives, which take the lower half of what they are given.
/// </summary>
internal sealed unsafe class MpiLibrary
{
    /// <summary>Waits for something that was begun.</summary>
    public delegate void Wait(ref nint request);

    private const string OpenMpiWorld = "ompi_mpi_comm_world";
    private const string OpenMpiByte = "ompi_mpi_byte";
    private const nint MpichWorld = 0x44000000;
    private const nint MpichByte = 0x4c00010d;
    private const nint MpichIgnore = 1;
    private const int LongestVersion = 8192;

    /// <summary>What messages are marked with: values of a sum, and words about waiting.</summary>
    private const int Values = 0, Words = 1;

    private readonly delegate* unmanaged<nint, nint, int> init;
    private readonly delegate* unmanaged<int> finalize;
    private readonly delegate* unmanaged<nint, int*, int> rank;
    private readonly delegate* unmanaged<nint, int*, int> size;
    private readonly delegate* unmanaged<nint, int, int> abort;
    private readonly delegate* unmanaged<nint, nint*, int> startBarrier;
    private readonly delegate* unmanaged<nint*, int*, nint, int> test;
    private readonly delegate* unmanaged<byte*, int, nint, byte*, int, nint, nint, nint*, int> startGather;
    private readonly delegate* unmanaged<byte*, int, nint, byte*, int*, int*, nint, nint, nint*, int> startGatherMany;
    private readonly delegate* unmanaged<byte*, int, nint, int, int, nint, nint*, int> startSend;
    private readonly delegate* unmanaged<byte*, int, nint, int, int, nint, nint*, int> startReceive;
    private readonly delegate* unmanaged<int, int, nint, int*, nint, int> probe;
    private readonly delegate* unmanaged<byte*, int, nint, int, int, nint, nint, int> receive;
    private readonly delegate* unmanaged<byte*, int*, int> version;
    private readonly nint world;
    private readonly nint ofBytes;
    private readonly nint ignore;

    private MpiLibrary(string file, nint library)
    {
        File = file;
        init = (delegate* unmanaged<nint, nint, int>)Find(library, "MPI_Init");
        finalize = (delegate* unmanaged<int>)Find(library, "MPI_Finalize");
        rank = (delegate* unmanaged<nint, int*, int>)Find(library, "MPI_Comm_rank");
        size = (delegate* unmanaged<nint, int*, int>)Find(library, "MPI_Comm_size");
        abort = (delegate* unmanaged<nint, int, int>)Find(library, "MPI_Abort");
        startBarrier = (delegate* unmanaged<nint, nint*, int>)Find(library, "MPI_Ibarrier");
        test = (delegate* unmanaged<nint*, int*, nint, int>)Find(library, "MPI_Test");
        startGather = (delegate* unmanaged<byte*, int, nint, byte*, int, nint, nint, nint*, int>)Find(library, "MPI_Iallgather");
        startGatherMany = (delegate* unmanaged<byte*, int, nint, byte*, int*, int*, nint, nint, nint*, int>)
            Find(library, "MPI_Iallgatherv");
        startSend = (delegate* unmanaged<byte*, int, nint, int, int, nint, nint*, int>)Find(library, "MPI_Isend");
        startReceive = (delegate* unmanaged<byte*, int, nint, int, int, nint, nint*, int>)Find(library, "MPI_Irecv");
        probe = (delegate* unmanaged<int, int, nint, int*, nint, int>)Find(library, "MPI_Iprobe");
        receive = (delegate* unmanaged<byte*, int, nint, int, int, nint, nint, int>)Find(library, "MPI_Recv");
        version = (delegate* unmanaged<byte*, int*, int>)Find(library, "MPI_Get_library_version");
        var isOpenMpi = NativeLibrary.TryGetExport(library, OpenMpiWorld, out var symbol);
        (world, ofBytes, ignore) = isOpenMpi ? (symbol, Find(library, OpenMpiByte), 0) : (MpichWorld, MpichByte, MpichIgnore);
    }

    /// <summary>The file that was loaded.</summary>
    public string File { get; }

    /// <summary>What the library says it is, in a few words.</summary>
    public string Version
    {
        get
        {
            var text = new byte[LongestVersion];
            int length;
            fixed (byte* first = text)
            {
                Check(version(first, &length), "MPI_Get_library_version");
            }

            var line = Encoding.UTF8.GetString(text, 0, System.Math.Clamp(length, 0, text.Length)).TrimEnd('\0').Split(',', '\n')[0];
            return string.Join(' ', line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        }
    }

    /// <summary>Loads the first of some libraries that there is.</summary>
    /// <exception cref="InputException">There is none, or it is no MPI library.</exception>
    public static MpiLibrary Load(Launcher launcher)
    {
        // UCX, which MPICH moves its messages with, would take the signals by which .NET notices that a reference is null.
        NativeEnvironment.Offer("UCX_ERROR_SIGNALS", "");
        foreach (var file in launcher.Libraries)
        {
            if (NativeLibrary.TryLoad(file, out var library))
            {
                return new MpiLibrary(file, library);
            }
        }

        throw new InputException(
            $"{launcher.Name} started this process as number {launcher.Rank} of {launcher.Size}, but none of its libraries loads "
            + $"({string.Join(", ", launcher.Libraries)}); name its MPI library with {Launcher.LibraryVariable}, or start with --ranks "
            + "single");
    }

    /// <summary>Begins.</summary>
    public void Init() => Check(init(0, 0), "MPI_Init");

    /// <summary>Ends; every rank must come here.</summary>
    public void End() => Check(finalize(), "MPI_Finalize");

    /// <summary>The number of this process.</summary>
    public int Rank()
    {
        int found;
        Check(rank(world, &found), "MPI_Comm_rank");
        return found;
    }

    /// <summary>The number of processes.</summary>
    public int Size()
    {
        int found;
        Check(size(world, &found), "MPI_Comm_size");
        return found;
    }

    /// <summary>Ends all processes.</summary>
    public void Abort(int code) => abort(world, code);

    /// <summary>Says that this rank is here; <see cref="IsDone"/> tells whether all are.</summary>
    public void StartBarrier(ref nint request)
    {
        fixed (nint* place = &request)
        {
            Check(startBarrier(world, place), "MPI_Ibarrier");
        }
    }

    /// <summary>Whether what was begun has come to its end.</summary>
    public bool IsDone(ref nint request)
    {
        int done;
        fixed (nint* place = &request)
        {
            Check(test(place, &done, ignore), "MPI_Test");
        }

        return done != 0;
    }

    /// <summary>As many bytes of each rank, in their order.</summary>
    /// <param name="own">Those of this rank.</param>
    /// <param name="all">Gets them.</param>
    /// <param name="wait">Waits for what was begun.</param>
    public void Gather(ReadOnlySpan<byte> own, Span<byte> all, Wait wait)
    {
        nint request = 0;
        fixed (byte* from = own, to = all)
        {
            Check(startGather(from, own.Length, ofBytes, to, own.Length, ofBytes, world, &request), "MPI_Iallgather");
            wait(ref request);
        }
    }

    /// <summary>Bytes of each rank at the places that are told.</summary>
    public void Gather(ReadOnlySpan<byte> own, Span<byte> all, int[] counts, int[] places, Wait wait)
    {
        nint request = 0;
        fixed (byte* from = own, to = all)
        fixed (int* count = counts, place = places)
        {
            Check(startGatherMany(from, own.Length, ofBytes, to, count, place, ofBytes, world, &request), "MPI_Iallgatherv");
            wait(ref request);
        }
    }

    /// <summary>Sends to a rank and receives from it.</summary>
    public void Exchange(int other, ReadOnlySpan<byte> sent, Span<byte> received, Wait wait)
    {
        nint coming = 0, going = 0;
        fixed (byte* from = sent, to = received)
        {
            Check(startReceive(to, received.Length, ofBytes, other, Values, world, &coming), "MPI_Irecv");
            Check(startSend(from, sent.Length, ofBytes, other, Values, world, &going), "MPI_Isend");
            wait(ref coming);
            wait(ref going);
        }
    }

    /// <summary>Sends to a rank.</summary>
    public void Send(int other, ReadOnlySpan<byte> sent, Wait wait)
    {
        nint going = 0;
        fixed (byte* from = sent)
        {
            Check(startSend(from, sent.Length, ofBytes, other, Values, world, &going), "MPI_Isend");
            wait(ref going);
        }
    }

    /// <summary>Receives from a rank.</summary>
    public void Receive(int other, Span<byte> received, Wait wait)
    {
        nint coming = 0;
        fixed (byte* to = received)
        {
            Check(startReceive(to, received.Length, ofBytes, other, Values, world, &coming), "MPI_Irecv");
            wait(ref coming);
        }
    }

    /// <summary>Begins to send a number, which must stay where it is until <see cref="IsDone"/>.</summary>
    /// <param name="other">To which rank.</param>
    /// <param name="pinned">Holds the number.</param>
    /// <param name="request">Becomes what is asked for its end.</param>
    public void StartSend(int other, long[] pinned, ref nint request)
    {
        fixed (nint* place = &request)
        fixed (long* from = pinned)
        {
            Check(startSend((byte*)from, sizeof(long), ofBytes, other, Words, world, place), "MPI_Isend");
        }
    }

    /// <summary>The next number that a rank has sent; null where there is none.</summary>
    public long? Received(int other)
    {
        int there;
        long number;
        Check(probe(other, Words, world, &there, ignore), "MPI_Iprobe");
        if (there == 0)
        {
            return null;
        }

        Check(receive((byte*)&number, sizeof(long), ofBytes, other, Words, world, ignore), "MPI_Recv");
        return number;
    }

    private static void Check(int code, string function)
    {
        if (code != 0)
        {
            throw new InvalidOperationException($"{function} failed with the code {code}");
        }
    }

    private nint Find(nint library, string name) => NativeLibrary.TryGetExport(library, name, out var found)
        ? found
        : throw new InputException($"{File}: is no MPI library, {name} is not in it; name another with {Launcher.LibraryVariable}");
}
