using System.Collections.Concurrent;
using LoRi.Files;

namespace LoRi.Training.Ranks;

/// <summary>A thread that calls a library, so that whoever waits for a call can give it up.</summary>
internal sealed class CallThread : IDisposable
{
    /// <summary>The longest time that a wait can have, 24 days.</summary>
    private static readonly TimeSpan longest = TimeSpan.FromMilliseconds(int.MaxValue);

    private readonly BlockingCollection<(Action Work, TaskCompletionSource Done)> calls = [];

    private readonly string name;

    /// <summary>Starts the thread.</summary>
    /// <param name="name">Its name, that of what it calls.</param>
    public CallThread(string name)
    {
        this.name = name;
        new Thread(Serve) { IsBackground = true, Name = name }.Start();
    }

    /// <summary>Does work on the thread and throws what it throws.</summary>
    /// <param name="work">The work.</param>
    /// <param name="limit">How long it is waited for, 24 days at most; zero for ever.</param>
    /// <returns>False where it has not ended in that time.</returns>
    /// <exception cref="InputException">The thread was let go.</exception>
    public bool Do(Action work, TimeSpan limit)
    {
        var done = new TaskCompletionSource();
        try
        {
            calls.Add((work, done));
        }
        catch (InvalidOperationException) when (calls.IsAddingCompleted)
        {
            throw new InputException($"the calls of {name} were ended meanwhile");
        }

        var most = limit <= TimeSpan.Zero ? Timeout.InfiniteTimeSpan : limit < longest ? limit : longest;
        if (Task.WaitAny([done.Task], most) < 0)
        {
            return false;
        }

        done.Task.GetAwaiter().GetResult();
        return true;
    }

    /// <summary>Lets the thread end after what it was given.</summary>
    public void Dispose() => calls.CompleteAdding();

    private void Serve()
    {
        foreach (var (work, done) in calls.GetConsumingEnumerable())
        {
            try
            {
                work();
                done.SetResult();
            }
            catch (Exception e)
            {
                done.SetException(e);
            }
        }
    }
}
