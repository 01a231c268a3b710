namespace LoRi.Runs.RunFolders;

/// <summary>
/// Plain lines: what files, pipes and tests get. What takes no time is not mentioned; a phase that lasts is, rarely: after
/// <see cref="FirstWord"/>, then every <see cref="Rest"/>.
/// </summary>
public sealed class PlainScreen : IRunScreen, IDisposable
{
    /// <summary>How long a phase lasts without a word.</summary>
    public static readonly TimeSpan FirstWord = TimeSpan.FromSeconds(15);

    /// <summary>The time between two lines about one phase.</summary>
    public static readonly TimeSpan Rest = TimeSpan.FromSeconds(30);

    private readonly Lock gate = new();
    private readonly TextWriter writer;
    private readonly TimeProvider time;
    private readonly ITimer timer;
    private RunPhase current;
    private long began;
    private bool waiting;

    /// <summary>Lines to a writer, which is not disposed.</summary>
    /// <param name="writer">Where they go.</param>
    /// <param name="time">The clock of phases; the system's where it is null.</param>
    public PlainScreen(TextWriter writer, TimeProvider? time = null)
    {
        (this.writer, this.time) = (writer, time ?? TimeProvider.System);
        timer = this.time.CreateTimer(_ => Tell(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <inheritdoc/>
    public void Line(string text) => Write(text);

    /// <inheritdoc/>
    public void StepLine(string text)
    {
        Stop();
        Write(text);
    }

    /// <inheritdoc/>
    public void Progress(RunProgress progress) => Stop();

    /// <inheritdoc/>
    public void Phase(RunPhase phase)
    {
        lock (gate)
        {
            var goesOn = waiting && phase.Name == current.Name;
            current = phase;
            if (!goesOn)
            {
                (began, waiting) = (time.GetTimestamp(), true);
                timer.Change(FirstWord, Rest);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Stop();
        timer.Dispose();
    }

    private void Stop()
    {
        lock (gate)
        {
            waiting = false;
            timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    private void Tell()
    {
        lock (gate)
        {
            if (waiting)
            {
                writer.WriteLine(current.Describe(time.GetElapsedTime(began)));
            }
        }
    }

    private void Write(string text)
    {
        lock (gate)
        {
            writer.WriteLine(text);
        }
    }
}
