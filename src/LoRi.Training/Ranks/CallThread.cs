using System.Collections.Concurrent;

namespace LoRi.Training.Ranks;

/// <summary>A thread that calls a library, so that whoever waits for a call can give it up.</summary>
internal sealed class CallThread : IDisposable
{
    private readonly BlockingCollection<(Action Work, TaskCompletionSource Done)> calls = [];

    /// <summary>Starts the thread.</summary>
    /// <param name="name">Its name.</param>
    public CallThread(string name) => new Thread(Serve) { IsBackground = true, Name = name }.Start();

    /// <summary>Does work on the thread and throws what it throws.</summary>
    /// <param name="work">The work.</param>
    /// <param name="limit">How long it is waited for; zero for ever.</param>
    /// <returns>False where it has not ended in that time.</returns>
    public bool Do(Action work, TimeSpan limit)
    {
        var done = new TaskCompletionSource();
        calls.Add((work, done));
        if (Task.WaitAny([done.Task], limit > TimeSpan.Zero ? limit : Timeout.InfiniteTimeSpan) < 0)
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
