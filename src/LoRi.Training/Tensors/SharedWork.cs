namespace LoRi.Training.Tensors;

/// <summary>
/// Work cut into pieces that the caller and waiting helper threads take one after another. A helper that wakes late finds nothing
/// left to do and holds nobody up. Helpers look out for work for a moment before they sleep: in decoding the next piece of work
/// comes within microseconds.
/// </summary>
internal sealed class SharedWork
{
    private const int LooksBeforeSleep = 2000;
    private static readonly Lock Using = new();
    private static SharedWork? team;

    private readonly object bell = new();
    private readonly int helpers;
    private volatile Job job = new(_ => { }, 0);

    private SharedWork(int helpers)
    {
        this.helpers = helpers;
        for (var helper = 0; helper < helpers; helper++)
        {
            new Thread(Help) { IsBackground = true, Name = "LoRi.SharedWork" }.Start();
        }
    }

    /// <summary>
    /// Runs <paramref name="piece"/> for 0 .. <paramref name="pieces"/> - 1, on at most <paramref name="threads"/> threads, and
    /// returns when all are done. While another thread uses the helpers, the caller does everything itself. Pieces must not throw.
    /// </summary>
    public static void Run(int threads, int pieces, Action<int> piece)
    {
        var work = new Job(piece, pieces);
        if (threads > 1 && pieces > 1 && Using.TryEnter())
        {
            try
            {
                Team(threads - 1).Share(work);
                work.TakePart();
            }
            finally
            {
                Using.Exit();
            }
        }

        work.TakePart();
        var wait = default(SpinWait);
        while (!work.Done)
        {
            wait.SpinOnce(sleep1Threshold: -1);
        }
    }

    /// <summary>The helpers; a team of another size than is wanted goes to rest for good.</summary>
    private static SharedWork Team(int helpers)
    {
        if (team is null || team.helpers != helpers)
        {
            team?.Share(Job.Last);
            team = new SharedWork(helpers);
        }

        return team;
    }

    private void Share(Job next)
    {
        lock (bell)
        {
            job = next;
            Monitor.PulseAll(bell);
        }
    }

    private void Help()
    {
        for (var seen = job; seen != Job.Last; seen = Next(seen))
        {
            seen.TakePart();
        }
    }

    private Job Next(Job seen)
    {
        for (var look = 0; look < LooksBeforeSleep; look++)
        {
            if (job != seen)
            {
                return job;
            }

            Thread.SpinWait(8);
        }

        lock (bell)
        {
            while (job == seen)
            {
                Monitor.Wait(bell);
            }

            return job;
        }
    }

    private sealed class Job(Action<int> piece, int pieces)
    {
        public static readonly Job Last = new(_ => { }, 0);
        private int taken;
        private int finished;

        public bool Done => Volatile.Read(ref finished) == pieces;

        public void TakePart()
        {
            for (var at = Interlocked.Increment(ref taken) - 1; at < pieces; at = Interlocked.Increment(ref taken) - 1)
            {
                piece(at);
                Interlocked.Increment(ref finished);
            }
        }
    }
}
