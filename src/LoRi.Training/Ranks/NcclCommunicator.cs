using System.Globalization;
using LoRi.Files;
using LoRi.Models.Tensors;
using static TorchSharp.torch;

namespace LoRi.Training.Ranks;

/// <summary>
/// Ranks whose cards NCCL connects: tensors on them go from card to card, all else goes as before. Sums are the same tree as on
/// processors, of which NCCL moves the parts. All is done on the card's default stream, in which libtorch's own work stands as well, so
/// that neither comes before what it needs; the host waits for the card where an operation of the ranks ends.
/// </summary>
internal sealed class NcclCommunicator : ICommunicator
{
    /// <summary>After so many looks without a pause the card is waited for with pauses.</summary>
    private const int Looks = 2_000;

    /// <summary>Values of the exchange that tries the connection.</summary>
    private const long Tried = 4_099;

    /// <summary>How long the end of what failed is waited for.</summary>
    private static readonly TimeSpan patience = TimeSpan.FromSeconds(2);

    private readonly ICommunicator start;
    private readonly NcclLibrary nccl;
    private readonly CardDriver driver;
    private readonly RankCard card;
    private readonly Device device;
    private readonly TimeSpan limit;
    private readonly TreeSum tree;
    private readonly CallThread calls = new("NCCL");
    private volatile NcclGroup? group;

    private NcclCommunicator(ICommunicator start, NcclLibrary nccl, CardDriver driver, RankCard card, Device device, TimeSpan limit)
    {
        (this.start, this.nccl, this.driver, this.card, this.device, this.limit) = (start, nccl, driver, card, device, limit);
        tree = new TreeSum(Rank, Size, Exchange);
    }

    /// <inheritdoc/>
    public int Rank => start.Rank;

    /// <inheritdoc/>
    public int Size => start.Size;

    /// <inheritdoc/>
    public string Library => $"NCCL {nccl.Version}, {nccl.File}; {start.Library}";

    /// <summary>
    /// Whether ranks on cards are to be connected by NCCL: where there are several. One alone that a launcher started needs it not, and
    /// has it where the library is named, to be tried.
    /// </summary>
    public static bool IsFor(ICommunicator ranks) => ranks.Size > 1
        || (Launcher.Find() is not null && Environment.GetEnvironmentVariable(NcclLibrary.LibraryVariable) is { Length: > 0 });

    /// <summary>Connects the cards of ranks that are connected already.</summary>
    /// <param name="start">The ranks.</param>
    /// <param name="limit">How long a call is waited for; zero for ever.</param>
    /// <exception cref="InputException">There is no NCCL, ranks have different ones, or it fails.</exception>
    public static NcclCommunicator Join(ICommunicator start, TimeSpan limit) =>
        Join(start, NcclLibrary.Load(), CardDriver.Load(), RankCard.Own().Card, RankCard.Device(), limit);

    /// <summary>The same with these libraries and this card, whose tensors are on a device.</summary>
    public static NcclCommunicator Join(
        ICommunicator start, NcclLibrary nccl, CardDriver driver, RankCard card, Device device, TimeSpan limit)
    {
        ArgumentNullException.ThrowIfNull(start);
        Agreement.Check(start, ("the version of NCCL", nccl.Version));
        var joined = new NcclCommunicator(start, nccl, driver, card, device, limit);
        try
        {
            joined.Begin();
            return joined;
        }
        catch
        {
            joined.Break();
            throw;
        }
    }

    /// <inheritdoc/>
    public void SumShares(Tensor flat) => Carry(flat, Meet, tree.SumShares, start.SumShares);

    /// <inheritdoc/>
    public void GatherShares(Tensor flat) => Carry(flat, Meet, tree.GatherShares, start.GatherShares);

    /// <inheritdoc/>
    public void Send(Tensor flat, int other) =>
        Carry(flat, () => Meet(other), values => Exchange(other, values, null), values => start.Send(values, other));

    /// <inheritdoc/>
    public void Receive(Tensor flat, int other) =>
        Carry(flat, () => Meet(other), values => Exchange(other, null, values), values => start.Receive(values, other));

    /// <inheritdoc/>
    public IReadOnlyList<byte[]> Gather(ReadOnlySpan<byte> own) => start.Gather(own);

    /// <inheritdoc/>
    public void Wait() => start.Wait();

    /// <inheritdoc/>
    public void Abort(int code)
    {
        Break();
        start.Abort(code);
    }

    /// <summary>Ends what the card waits for; the others wait in vain from now on.</summary>
    public void Break()
    {
        calls.Dispose();
        if (group is { IsOpen: true } joined)
        {
            // What hangs in a call of its own is ended from another thread.
            using var ending = new CallThread("the end of NCCL");
            ending.Do(joined.Abort, patience);
        }
    }

    /// <summary>Ends the connection of the cards, where all ranks come; the ranks stay connected.</summary>
    public void Dispose()
    {
        if (group is { IsOpen: true } joined)
        {
            start.Wait();
            Call(joined.Leave);
            calls.Dispose();
        }
    }

    private void Begin()
    {
        Call(() => driver.Use(card.Index));
        var id = Rank == 0 ? Called(nccl.UniqueId) : [];
        id = start.Gather(id)[0];
        group = new NcclGroup(nccl, Called(() => nccl.Join(id, Rank, Size)));
        Try();

        // Nobody begins where one rank has no connection.
        Meet();
    }

    /// <summary>Sends values to a neighbour, or to itself, and looks at what comes: streams that are out of order are seen here.</summary>
    private void Try()
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var other = Size > 1 ? Rank ^ 1 : Rank;
        if (other >= Size)
        {
            return;
        }

        Tensor Known(int rank) => HeldScalars.Counting(Tried, ScalarType.Float32, device).Increase(rank + 0.5);
        var received = zeros([Tried], ScalarType.Float32, device);
        Exchange(other, Known(Rank), received);

        // Before anything is read of the card, which would wait for it without an end.
        Settle();
        if (!received.eq(Known(other)).all().item<bool>())
        {
            throw Failed("what NCCL brought is not what was sent");
        }
    }

    /// <summary>Does work with values on cards once those are here who have a part in it; with others the ranks do it as before.</summary>
    private void Carry(Tensor flat, Action meet, Action<Tensor> onCards, Action<Tensor> otherwise)
    {
        ArgumentNullException.ThrowIfNull(flat);
        if (flat.device_type != device.type)
        {
            otherwise(flat);
            return;
        }

        meet();
        onCards(flat);
        Settle();
    }

    /// <summary>Waits for all ranks: whoever does not come is found here, by name.</summary>
    private void Meet() => start.Gather([]);

    /// <summary>The same for two of them, with a word each way; the others do nothing.</summary>
    private void Meet(int other)
    {
        using var word = zeros(1, ScalarType.Byte);
        if (Rank < other)
        {
            start.Send(word, other);
            start.Receive(word, other);
        }
        else
        {
            start.Receive(word, other);
            start.Send(word, other);
        }
    }

    /// <summary>Begins to send and to receive; what is read of the card afterwards waits for it.</summary>
    private void Exchange(int other, Tensor? sent, Tensor? received)
    {
        var (from, to) = (CardMemory.Of(sent), CardMemory.Of(received));
        if (from.Bytes > 0 || to.Bytes > 0)
        {
            Call(() => group!.StartExchange(other, from, to));
        }
    }

    /// <summary>Waits until the card has done all.</summary>
    private void Settle() => Call(() =>
    {
        for (var look = 0; !driver.IsIdle(); look++)
        {
            group!.CheckRunning();
            if (look < Looks)
            {
                Thread.Yield();
            }
            else
            {
                Thread.Sleep(1);
            }
        }

        group!.CheckRunning();
    });

    private T Called<T>(Func<T> work)
    {
        T result = default!;
        Call(() => result = work());
        return result;
    }

    /// <summary>Calls on the thread that has the card; what fails there names this rank.</summary>
    private void Call(Action work)
    {
        var isDone = false;
        try
        {
            isDone = calls.Do(work, limit);
        }
        catch (InputException e)
        {
            throw Failed(e.Message, e);
        }

        if (!isDone)
        {
            throw Failed(string.Create(
                CultureInfo.InvariantCulture,
                $"{nccl.Called} has not come to its end for {limit.TotalSeconds:0.#} s (--rank-timeout); another rank, its card or the "
                + $"network does not answer"));
        }
    }

    private InputException Failed(string what, Exception? cause = null) => new(
        $"rank {Rank} on {Environment.MachineName} with {card}: {what}; all ranks end; NCCL_DEBUG=INFO lets NCCL say more", cause!);
}
