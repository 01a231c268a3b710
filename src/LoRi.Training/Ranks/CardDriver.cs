using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using LoRi.Files;

namespace LoRi.Training.Ranks;

/// <summary>
/// The functions of CUDA's driver that are used: which cards this process sees, which of them a thread works on, and whether the work
/// given to it is done.
/// </summary>
internal sealed unsafe class CardDriver
{
    private const string FileName = "libcuda.so.1";
    private const int Success = 0, NotReady = 600;
    private const int LongestName = 256, IdBytes = 16;

    private static readonly Lazy<CardDriver> loaded = new(Find);

    private readonly string file;
    private readonly delegate* unmanaged<uint, int> init;
    private readonly delegate* unmanaged<int*, int> getCount;
    private readonly delegate* unmanaged<int*, int, int> getCard;
    private readonly delegate* unmanaged<byte*, int, int> getId;
    private readonly delegate* unmanaged<byte*, int, int, int> getName;
    private readonly delegate* unmanaged<byte*, int, int, int> getBus;
    private readonly delegate* unmanaged<nint*, int, int> retain;
    private readonly delegate* unmanaged<nint, int> setCurrent;
    private readonly delegate* unmanaged<nint, int> query;
    private readonly delegate* unmanaged<int, byte**, int> errorString;

    private CardDriver(string file, nint library)
    {
        this.file = file;
        init = (delegate* unmanaged<uint, int>)Find(library, "cuInit");
        getCount = (delegate* unmanaged<int*, int>)Find(library, "cuDeviceGetCount");
        getCard = (delegate* unmanaged<int*, int, int>)Find(library, "cuDeviceGet");

        // The second form tells the parts of one card apart (MIG).
        getId = (delegate* unmanaged<byte*, int, int>)(NativeLibrary.TryGetExport(library, "cuDeviceGetUuid_v2", out var parts)
            ? parts : Find(library, "cuDeviceGetUuid"));
        getName = (delegate* unmanaged<byte*, int, int, int>)Find(library, "cuDeviceGetName");
        getBus = (delegate* unmanaged<byte*, int, int, int>)Find(library, "cuDeviceGetPCIBusId");
        retain = (delegate* unmanaged<nint*, int, int>)Find(library, "cuDevicePrimaryCtxRetain");
        setCurrent = (delegate* unmanaged<nint, int>)Find(library, "cuCtxSetCurrent");
        query = (delegate* unmanaged<nint, int>)Find(library, "cuStreamQuery");
        errorString = (delegate* unmanaged<int, byte**, int>)Find(library, "cuGetErrorString");
        Check(init(0), "cuInit");
    }

    /// <summary>CUDA's driver, or what stands in for it; it is loaded where it is asked for first.</summary>
    /// <exception cref="InputException">There is none.</exception>
    public static CardDriver Load() => loaded.Value;

    /// <summary>The same of a library that is loaded.</summary>
    /// <param name="file">Its file, for messages.</param>
    /// <param name="library">Its handle.</param>
    public static CardDriver Of(string file, nint library) => new(file, library);

    /// <summary>How many cards this process sees.</summary>
    public int Count()
    {
        int count;
        Check(getCount(&count), "cuDeviceGetCount");
        return count;
    }

    /// <summary>A card that this process sees.</summary>
    /// <param name="index">Its number among those.</param>
    public RankCard Card(int index)
    {
        var card = Handle(index);
        Span<byte> id = stackalloc byte[IdBytes];
        fixed (byte* first = id)
        {
            Check(getId(first, card), "cuDeviceGetUuid");
        }

        var hex = Convert.ToHexStringLower(id);
        return new RankCard(
            index, $"GPU-{hex[..8]}-{hex[8..12]}-{hex[12..16]}-{hex[16..20]}-{hex[20..]}", Text(getBus, card, "cuDeviceGetPCIBusId"),
            Text(getName, card, "cuDeviceGetName"));
    }

    /// <summary>Lets the calling thread work on a card, in the context that libtorch has there.</summary>
    /// <param name="index">Its number among those that this process sees.</param>
    public void Use(int index)
    {
        nint context;
        Check(retain(&context, Handle(index)), "cuDevicePrimaryCtxRetain");
        Check(setCurrent(context), "cuCtxSetCurrent");
    }

    /// <summary>Whether the default stream of the calling thread's card has done all that it was given.</summary>
    public bool IsIdle()
    {
        var code = query(0);
        if (code != NotReady)
        {
            Check(code, "cuStreamQuery");
        }

        return code == Success;
    }

    private static CardDriver Find() => HostCards.IsNamed ? new CardDriver(HostCards.File, HostCards.Library)
        : NativeLibrary.TryLoad(FileName, out var library) ? new CardDriver(FileName, library)
        : throw new InputException($"--device cuda: {FileName}, the driver of NVIDIA's cards, does not load; install the driver");

    private int Handle(int index)
    {
        int card;
        Check(getCard(&card, index), "cuDeviceGet");
        return card;
    }

    private string Text(delegate* unmanaged<byte*, int, int, int> function, int card, string name)
    {
        Span<byte> text = stackalloc byte[LongestName];
        fixed (byte* first = text)
        {
            Check(function(first, text.Length, card), name);
        }

        return Encoding.UTF8.GetString(text[..int.Max(0, text.IndexOf((byte)0))]);
    }

    private void Check(int code, string function)
    {
        if (code != Success)
        {
            byte* words = null;
            _ = errorString(code, &words);
            throw new InputException(string.Create(
                CultureInfo.InvariantCulture,
                $"{function} failed with the code {code}: {Marshal.PtrToStringUTF8((nint)words) ?? "unknown"} ({file}); nvidia-smi says "
                + $"whether the card is well"));
        }
    }

    private nint Find(nint library, string name) => NativeLibrary.TryGetExport(library, name, out var found)
        ? found
        : throw new InputException($"{file}: is no driver of CUDA, {name} is not in it; install NVIDIA's driver again");
}
