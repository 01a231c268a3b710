using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using LoRi.Files;

namespace LoRi.Training.Ranks;

/// <summary>
/// Waiting for other ranks, with little use of a core. Whoever waits for long tells the others so; where some operation has not come to
/// its end within a time, those from whom nothing was heard are hung.
/// </summary>
/// <param name="mpi">The library.</param>
/// <param name="rank">The number of this rank.</param>
/// <param name="size">How many there are.</param>
/// <param name="limit">How long is waited; zero for ever.</param>
internal sealed class RankWait(MpiLibrary mpi, int rank, int size, TimeSpan limit)
{
    /// <summary>After so many looks without a pause a barrier is waited for with pauses, and a transfer later.</summary>
    private const int Looks = 2_000, TransferLooks = 200_000;

    /// <summary>How long is waited before the others are told.</summary>
    private static readonly TimeSpan quiet = TimeSpan.FromSeconds(0.5);

    /// <summary>How long a rank leaves it to a lower one to say who is hung.</summary>
    private static readonly TimeSpan patience = TimeSpan.FromSeconds(10);

    private readonly long[] heard = new long[size];
    private readonly long[] received = new long[size];
    private readonly List<Word> words = [];
    private long operation;
    private long tellings;

    /// <summary>The machines of the ranks, once they are known.</summary>
    public IReadOnlyList<string> Hosts { get; set; } = [];

    /// <summary>Begins an operation of all ranks, which count them alike.</summary>
    public void Begin()
    {
        operation++;
        words.RemoveAll(word => word.IsSent(mpi));
        Hear();
    }

    /// <summary>Waits until all ranks are here, however long that takes.</summary>
    public void ForAll(ref nint request) => For(ref request, Looks, TimeSpan.Zero);

    /// <summary>Waits until all ranks are here.</summary>
    /// <exception cref="InputException">A rank does not answer.</exception>
    public void ForAnswers(ref nint request) => For(ref request, Looks, limit);

    /// <summary>Waits until values have come and gone.</summary>
    /// <exception cref="InputException">A rank does not answer.</exception>
    public void ForValues(ref nint request) => For(ref request, TransferLooks, limit);

    /// <summary>
    /// Takes what the others have told before the last operation of all: libraries complain at their end of what nobody has received.
    /// </summary>
    public void TakeLeft()
    {
        var sent = new long[size];
        mpi.Gather(MemoryMarshal.AsBytes<long>([tellings]), MemoryMarshal.AsBytes(sent.AsSpan()), InSilence);
        while (Others.Any(other => received[other] < sent[other]) || !words.TrueForAll(word => word.IsSent(mpi)))
        {
            Thread.Yield();
            Hear();
        }
    }

    private void InSilence(ref nint request)
    {
        while (!mpi.IsDone(ref request))
        {
            Thread.Yield();
        }
    }

    private void For(ref nint request, int looks, TimeSpan most)
    {
        var clock = Stopwatch.StartNew();
        var told = false;
        for (var look = 0; !mpi.IsDone(ref request); look++)
        {
            if (look < looks)
            {
                Thread.Yield();
                continue;
            }

            Thread.Sleep(1);
            if (clock.Elapsed < quiet)
            {
                continue;
            }

            if (!told)
            {
                Tell();
                told = true;
            }

            Hear();
            if (most > TimeSpan.Zero && clock.Elapsed > most)
            {
                throw Hung();
            }
        }
    }

    private IEnumerable<int> Others => Enumerable.Range(0, size).Where(other => other != rank);

    private void Tell()
    {
        tellings++;
        words.AddRange(Others.Select(other => new Word(mpi, other, operation)));
    }

    private void Hear()
    {
        foreach (var other in Others)
        {
            while (mpi.Received(other) is { } at)
            {
                heard[other] = at;
                received[other]++;
            }
        }
    }

    private InputException Hung()
    {
        var hung = Others.Where(other => heard[other] < operation).ToArray();
        if (Enumerable.Range(0, rank).Except(hung).Any())
        {
            Thread.Sleep(patience);
        }

        var names = hung.Select(other => string.Create(CultureInfo.InvariantCulture, $"rank {other} on {HostOf(other)}"));
        return new InputException(
            $"{(hung.Length == 0 ? "a rank" : string.Join(", ", names))} has not answered for "
            + string.Create(CultureInfo.InvariantCulture, $"{limit.TotalSeconds:0.#} s (--rank-timeout); all ranks end; look at that ")
            + "machine, then start again, with --resume where the command has it");
    }

    private string HostOf(int other) => other < Hosts.Count ? Hosts[other] : "a machine that did not say its name";

    /// <summary>A number on its way to another rank.</summary>
    private sealed class Word
    {
        private readonly long[] number = GC.AllocateArray<long>(1, pinned: true);
        private nint request;

        public Word(MpiLibrary mpi, int other, long said)
        {
            number[0] = said;
            mpi.StartSend(other, number, ref request);
        }

        public bool IsSent(MpiLibrary mpi) => mpi.IsDone(ref request);
    }
}
