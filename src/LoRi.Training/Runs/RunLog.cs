using System.Globalization;
using Microsoft.Extensions.Logging;

namespace LoRi.Training.Runs;

/// <summary>Writes log lines to a run's <c>log.txt</c>, with the time, and to the screen, without it.</summary>
public sealed class RunLog : ILoggerProvider
{
    private readonly Lock gate = new();
    private readonly StreamWriter file;
    private readonly TextWriter? screen;

    /// <summary>A log that appends to <paramref name="path"/>, and writes to <paramref name="screen"/> if there is one.</summary>
    public RunLog(string path, TextWriter? screen)
    {
        file = new StreamWriter(path, append: true) { AutoFlush = true, NewLine = "\n" };
        this.screen = screen;
    }

    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName) => new Channel(this);

    /// <inheritdoc/>
    public void Dispose() => file.Dispose();

    private void Write(LogLevel level, string message, Exception? exception)
    {
        lock (gate)
        {
            var mark = level >= LogLevel.Warning ? level.ToString().ToLowerInvariant() + ": " : "";
            screen?.WriteLine(mark + message);
            var time = DateTime.UtcNow.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);
            file.WriteLine($"{time} {mark}{message}");
            if (exception is not null)
            {
                file.WriteLine(exception);
            }
        }
    }

    private sealed class Channel(RunLog log) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                log.Write(logLevel, formatter(state, exception), exception);
            }
        }
    }
}
