using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;

namespace LoRi.Runs.RunFolders;

/// <summary>Threads that do pieces of work side by side.</summary>
internal static class WorkerThreads
{
    /// <summary>
    /// Every thread does pieces until none is left. After one has failed none is begun any more, and the first failure is thrown when those
    /// that were begun have ended.
    /// </summary>
    /// <param name="threads">How many threads.</param>
    /// <param name="piece">Does a piece and says whether there was one; called by all threads at once.</param>
    public static void Run(int threads, Func<bool> piece)
    {
        var failures = new ConcurrentQueue<Exception>();
        var running = Enumerable.Range(0, threads).Select(_ => new Thread(() =>
        {
            try
            {
                while (failures.IsEmpty && piece())
                {
                }
            }
            catch (Exception error)
            {
                failures.Enqueue(error);
            }
        })).ToArray();
        Array.ForEach(running, thread => thread.Start());
        Array.ForEach(running, thread => thread.Join());
        if (failures.TryDequeue(out var failure))
        {
            ExceptionDispatchInfo.Throw(failure);
        }
    }
}
