using System.Globalization;
using LoRi.Files;
using LoRi.Files.Disk;
using LoRi.Training.Methods;

namespace LoRi.Runs.RunFolders;

/// <summary>Writes log lines to a run's <c>log.txt</c>, with the time, and to the screen, without it.</summary>
internal sealed class RunLog : IDisposable, IStageLog
{
    private readonly Lock gate = new();
    private readonly string? path;
    private readonly StreamWriter? file;
    private readonly IRunScreen? screen;
    private bool failed;

    /// <summary>
    /// A log that appends to <paramref name="path"/> if there is one, and shows on <paramref name="screen"/> if there is one.
    /// </summary>
    /// <exception cref="InputException">The file cannot be opened.</exception>
    public RunLog(string? path, IRunScreen? screen)
    {
        (this.path, this.screen) = (path, screen);
        file = path is null ? null : AppendedFile.Open(path);
    }

    /// <summary>Something happened.</summary>
    public void Info(string line) => Write(line, screen is null ? null : screen.Line);

    /// <summary>Something that the user should look at.</summary>
    public void Warn(string line) => Write("warning: " + line, screen is null ? null : screen.Line);

    /// <summary>A logged step.</summary>
    public void Step(string line) => Write(line, screen is null ? null : screen.StepLine);

    /// <summary>A step was made: for the screen alone.</summary>
    public void Progress(RunProgress progress) => screen?.Progress(progress);

    /// <summary>Something is done that makes no steps: for the screen alone.</summary>
    public void Phase(string name, int done = 0, int total = 0) => Phase(new RunPhase(name, done, total));

    /// <summary>The same, with what is counted.</summary>
    public void Phase(RunPhase phase) => screen?.Phase(phase);

    /// <inheritdoc/>
    public void Dispose() => AppendedFile.Close(file);

    private void Write(string line, Action<string>? show)
    {
        lock (gate)
        {
            show?.Invoke(line);
            if (file is not null)
            {
                Append($"{DateTime.UtcNow.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture)} {line}");
            }
        }
    }

    /// <summary>Appends a line to the file. A run does not end for it where that cannot be; the screen says so once.</summary>
    private void Append(string line)
    {
        try
        {
            AppendedFile.Write(file!, path!, line);
        }
        catch (InputException e) when (!failed)
        {
            failed = true;
            screen?.Line($"warning: {path}: cannot be written ({(e.InnerException ?? e).Message}); the run continues without these lines");
        }
        catch (InputException)
        {
            // Said before; the next line may find room again.
        }
    }
}
