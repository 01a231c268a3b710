using System.Globalization;
using System.Runtime.InteropServices;
using LoRi.Files;
using LoRi.Models.Native;

namespace LoRi.Training.Ranks;

/// <summary>
/// The functions of NVIDIA's NCCL that are used. It copies bytes from card to card, nothing else: sums are added by this program, in an
/// order that the number of ranks does not change.
/// </summary>
internal sealed unsafe class NcclLibrary
{
    /// <summary>Names the library instead of the places where it usually is.</summary>
    public const string LibraryVariable = "LORI_NCCL";

    private const string FileName = "libnccl.so.2";
    private const int Success = 0, InProgress = 7;

    /// <summary>ncclUint8: what is sent is counted in bytes.</summary>
    private const int OfBytes = 1;

    /// <summary>The legacy default stream, on which libtorch works as well.</summary>
    private const nint DefaultStream = 0;

    /// <summary>The first version that sends from one rank to another, 2.7.</summary>
    private const int Oldest = 2700;

    private readonly delegate* unmanaged<int*, int> getVersion;
    private readonly delegate* unmanaged<Id*, int> getUniqueId;
    private readonly delegate* unmanaged<nint*, int, Id, int, int> initRank;
    private readonly delegate* unmanaged<nint, nuint, int, int, nint, nint, int> send;
    private readonly delegate* unmanaged<nint, nuint, int, int, nint, nint, int> receive;
    private readonly delegate* unmanaged<int> groupStart;
    private readonly delegate* unmanaged<int> groupEnd;
    private readonly delegate* unmanaged<nint, int> abort;
    private readonly delegate* unmanaged<nint, int> destroy;
    private readonly delegate* unmanaged<nint, int*, int> asyncError;
    private readonly delegate* unmanaged<int, byte*> errorString;
    private readonly delegate* unmanaged<nint, byte*> lastError;

    /// <summary>Written by the thread that calls, read by the one that gives the call up.</summary>
    private volatile string called = "";

    private NcclLibrary(string file, nint library)
    {
        File = file;
        getVersion = (delegate* unmanaged<int*, int>)Find(library, "ncclGetVersion");
        getUniqueId = (delegate* unmanaged<Id*, int>)Find(library, "ncclGetUniqueId");
        initRank = (delegate* unmanaged<nint*, int, Id, int, int>)Find(library, "ncclCommInitRank");
        send = (delegate* unmanaged<nint, nuint, int, int, nint, nint, int>)Find(library, "ncclSend");
        receive = (delegate* unmanaged<nint, nuint, int, int, nint, nint, int>)Find(library, "ncclRecv");
        groupStart = (delegate* unmanaged<int>)Find(library, "ncclGroupStart");
        groupEnd = (delegate* unmanaged<int>)Find(library, "ncclGroupEnd");
        abort = (delegate* unmanaged<nint, int>)Find(library, "ncclCommAbort");
        destroy = (delegate* unmanaged<nint, int>)Find(library, "ncclCommDestroy");
        asyncError = (delegate* unmanaged<nint, int*, int>)Find(library, "ncclCommGetAsyncError");
        errorString = (delegate* unmanaged<int, byte*>)Find(library, "ncclGetErrorString");

        // The one function that only later versions have, 2.13 and up.
        lastError = NativeLibrary.TryGetExport(library, "ncclGetLastError", out var words) ? (delegate* unmanaged<nint, byte*>)words : null;
        Version = CheckedVersion();
    }

    /// <summary>The file that was loaded.</summary>
    public string File { get; }

    /// <summary>Its version, as 2.18.5.</summary>
    public string Version { get; }

    /// <summary>The function that was called last, or is being called.</summary>
    public string Called => called;

    /// <summary>
    /// Loads the library that <see cref="LibraryVariable"/> names, else the one beside libtorch, in NVIDIA's Python package beside
    /// PyTorch's, or the system's.
    /// </summary>
    /// <exception cref="InputException">There is none, or it is no NCCL of 2.7 or later.</exception>
    public static NcclLibrary Load() =>
        Load(Environment.GetEnvironmentVariable(LibraryVariable), NativeRuntime.Report().LibtorchFolder);

    /// <summary>The same of a library that is named, or null, and a folder of libtorch.</summary>
    /// <exception cref="InputException">There is none, or it is no NCCL of 2.7 or later.</exception>
    public static NcclLibrary Load(string? named, string libtorch)
    {
        if (!string.IsNullOrEmpty(named))
        {
            return NativeLibrary.TryLoad(named, out var own) ? new NcclLibrary(named, own)
                : throw new InputException($"{LibraryVariable}={named}: this library does not load; name {FileName} of an installed NCCL");
        }

        string[] places = [
            Path.Combine(libtorch, FileName),
            Path.GetFullPath(Path.Combine(libtorch, "..", "..", "nvidia", "nccl", "lib", FileName)),
            FileName];
        foreach (var place in places)
        {
            if (NativeLibrary.TryLoad(place, out var library))
            {
                return new NcclLibrary(place, library);
            }
        }

        throw new InputException(
            $"no {FileName} of NCCL, by which ranks on GPUs hand each other tensors: looked for {string.Join(", ", places)}; install it "
            + $"(pip: nvidia-nccl-cu12) or name it with {LibraryVariable}");
    }

    /// <summary>What would be used, or why nothing, in one line.</summary>
    public static string Describe()
    {
        try
        {
            var nccl = Load();
            return $"{nccl.Version}, {nccl.File}";
        }
        catch (InputException e)
        {
            return e.Message;
        }
    }

    /// <summary>What the ranks of a group must be told to find each other: 128 bytes.</summary>
    public byte[] UniqueId()
    {
        Id id;
        called = "ncclGetUniqueId";
        Check(getUniqueId(&id), 0);
        return new Span<byte>(&id, sizeof(Id)).ToArray();
    }

    /// <summary>Joins a group, once all have come; gives its handle.</summary>
    public nint Join(ReadOnlySpan<byte> id, int rank, int size)
    {
        nint group = 0;
        called = "ncclCommInitRank";
        Check(initRank(&group, size, MemoryMarshal.Read<Id>(id), rank), 0);
        return group;
    }

    /// <summary>Begins to send and to receive, both at once, on the default stream.</summary>
    /// <param name="group">The group's handle.</param>
    /// <param name="other">The rank to send to and to receive from.</param>
    /// <param name="sent">What is sent, perhaps nothing.</param>
    /// <param name="received">Where to put what comes, perhaps nowhere.</param>
    public void StartExchange(nint group, int other, CardMemory sent, CardMemory received)
    {
        called = "ncclGroupStart";
        Check(groupStart(), group);
        if (sent.Bytes > 0)
        {
            called = "ncclSend";
            Check(send(sent.Address, (nuint)sent.Bytes, OfBytes, other, group, DefaultStream), group);
        }

        if (received.Bytes > 0)
        {
            called = "ncclRecv";
            Check(receive(received.Address, (nuint)received.Bytes, OfBytes, other, group, DefaultStream), group);
        }

        called = "ncclGroupEnd";
        Check(groupEnd(), group);
    }

    /// <summary>Throws what has gone wrong since it was asked last.</summary>
    public void CheckRunning(nint group)
    {
        // What is told here has gone wrong in a call before, whose name comes back: this one may hang itself.
        const string Name = "ncclCommGetAsyncError";
        var before = called;
        called = Name;
        int found;
        var code = asyncError(group, &found);
        called = before;
        Check(code, group, Name);
        Check(found == InProgress ? Success : found, group, Name);
    }

    /// <summary>Leaves a group, once all that was begun has ended.</summary>
    public void Leave(nint group)
    {
        called = "ncclCommDestroy";
        Check(destroy(group), group);
    }

    /// <summary>Ends what was begun, and the group.</summary>
    public void Abort(nint group) => abort(group);

    private void Check(int code, nint group, string? function = null)
    {
        if (code == Success)
        {
            return;
        }

        var words = Marshal.PtrToStringUTF8((nint)errorString(code)) ?? "";
        var last = lastError == null ? "" : Marshal.PtrToStringUTF8((nint)lastError(group))?.Trim() ?? "";
        throw new InputException(string.Create(
            CultureInfo.InvariantCulture,
            $"{function ?? called} failed with the code {code}: {words}{(last.Length > 0 ? ": " : "")}{last} (NCCL {Version}, {File})"));
    }

    private string CheckedVersion()
    {
        int code;
        if (getVersion(&code) != Success || code < Oldest)
        {
            throw new InputException(
                $"{File}: is NCCL {Named(code)}; 2.7 or later is needed, which sends from one rank to another; name another with "
                + LibraryVariable);
        }

        return Named(code);
    }

    /// <summary>2708 is 2.7.8; from 2.9 on the minor version has two digits, 20908.</summary>
    private static string Named(int code)
    {
        var major = code < 10_000 ? 1000 : 10_000;
        return string.Create(CultureInfo.InvariantCulture, $"{code / major}.{code % major / 100}.{code % 100}");
    }

    private nint Find(nint library, string name) => NativeLibrary.TryGetExport(library, name, out var found)
        ? found
        : throw new InputException($"{File}: is no NCCL of 2.7 or later, {name} is not in it; name another with {LibraryVariable}");

    /// <summary>128 bytes, which ncclCommInitRank takes by value.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Id
    {
        public fixed byte Bytes[128];
    }
}
