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
    private const string OpenMpiWorld = "ompi_mpi_comm_world";
    private const string OpenMpiByte = "ompi_mpi_byte";
    private const nint MpichWorld = 0x44000000;
    private const nint MpichByte = 0x4c00010d;
    private const nint MpichIgnore = 1;
    private const int LongestVersion = 8192;

    private readonly delegate* unmanaged<nint, nint, int> init;
    private readonly delegate* unmanaged<int> finalize;
    private readonly delegate* unmanaged<nint, int*, int> rank;
    private readonly delegate* unmanaged<nint, int*, int> size;
    private readonly delegate* unmanaged<nint, int, int> abort;
    private readonly delegate* unmanaged<nint, nint*, int> startBarrier;
    private readonly delegate* unmanaged<nint*, int*, nint, int> test;
    private readonly delegate* unmanaged<byte*, int, nint, byte*, int, nint, nint, int> gather;
    private readonly delegate* unmanaged<byte*, int, nint, byte*, int*, int*, nint, nint, int> gatherMany;
    private readonly delegate* unmanaged<byte*, int, nint, int, int, byte*, int, nint, int, int, nint, nint, int> exchange;
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
        gather = (delegate* unmanaged<byte*, int, nint, byte*, int, nint, nint, int>)Find(library, "MPI_Allgather");
        gatherMany = (delegate* unmanaged<byte*, int, nint, byte*, int*, int*, nint, nint, int>)Find(library, "MPI_Allgatherv");
        exchange = (delegate* unmanaged<byte*, int, nint, int, int, byte*, int, nint, int, int, nint, nint, int>)
            Find(library, "MPI_Sendrecv");
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
    public void Gather(ReadOnlySpan<byte> own, Span<byte> all)
    {
        fixed (byte* from = own, to = all)
        {
            Check(gather(from, own.Length, ofBytes, to, own.Length, ofBytes, world), "MPI_Allgather");
        }
    }

    /// <summary>Bytes of each rank at the places that are told.</summary>
    public void Gather(ReadOnlySpan<byte> own, Span<byte> all, int[] counts, int[] places)
    {
        fixed (byte* from = own, to = all)
        fixed (int* count = counts, place = places)
        {
            Check(gatherMany(from, own.Length, ofBytes, to, count, place, ofBytes, world), "MPI_Allgatherv");
        }
    }

    /// <summary>Sends to a rank and receives from it.</summary>
    public void Exchange(int other, ReadOnlySpan<byte> sent, Span<byte> received)
    {
        fixed (byte* from = sent, to = received)
        {
            Check(exchange(from, sent.Length, ofBytes, other, 0, to, received.Length, ofBytes, other, 0, world, ignore), "MPI_Sendrecv");
        }
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
