namespace LoRi.Files.Hub;

/// <summary>Something that may go better the next time: a cut connection, a busy or failing server.</summary>
/// <param name="message">What happened.</param>
/// <param name="pause">How long the server asks to be left alone.</param>
/// <param name="cause">Where it came from.</param>
internal sealed class HubInterruption(string message, TimeSpan? pause = null, Exception? cause = null) : Exception(message, cause)
{
    /// <summary>How long the server asks to be left alone.</summary>
    public TimeSpan? Pause { get; } = pause;
}

/// <summary>Tries again, after growing pauses, what was interrupted.</summary>
internal sealed class HubRetries(HubOptions options, IDownloadScreen screen)
{
    /// <summary>An attempt that brought this many bytes was worth it: the count of failures restarts.</summary>
    private const long Worthwhile = 1 << 20;

    /// <summary>The result of the first attempt that is not interrupted.</summary>
    /// <param name="attempt">One attempt.</param>
    /// <param name="arrived">Bytes that attempts have brought so far.</param>
    /// <exception cref="InputException">All attempts were interrupted.</exception>
    public async Task<T> Run<T>(Func<Task<T>> attempt, Func<long> arrived)
    {
        for (var failures = 0; ;)
        {
            var before = arrived();
            try
            {
                return await attempt().ConfigureAwait(false);
            }
            catch (HubInterruption e)
            {
                failures = arrived() - before >= Worthwhile ? 1 : failures + 1;
                if (failures > options.Pauses.Count)
                {
                    throw new InputException(
                        $"{e.Message}, {failures} times in a row; check the connection and HF_ENDPOINT, then run the same command again: "
                        + "it resumes where it stopped", e);
                }

                var pause = e.Pause ?? options.Pauses[failures - 1];
                if (e.Pause > options.LongestAsked)
                {
                    throw new InputException(string.Create(
                        System.Globalization.CultureInfo.InvariantCulture,
                        $"{e.Message} and asks to be left alone for {pause.TotalSeconds:0} s; run the same command again then: it goes on "
                        + $"where it stopped"), e);
                }

                pause = pause < options.LongestPause ? pause : options.LongestPause;
                screen.Line(
                    string.Create(System.Globalization.CultureInfo.InvariantCulture,
                        $"{e.Message}; trying again in {pause.TotalSeconds:0.#} s"));
                await Task.Delay(pause).ConfigureAwait(false);
            }
        }
    }
}
