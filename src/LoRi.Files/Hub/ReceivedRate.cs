using System.Diagnostics;

namespace LoRi.Files.Hub;

/// <summary>
/// Watches how fast an answer arrives: a server that trickles would be waited for without end, each byte being a sign of life.
/// </summary>
/// <param name="options">The least rate, and the patience before it counts.</param>
internal sealed class ReceivedRate(HubOptions options)
{
    private long begun = Stopwatch.GetTimestamp();
    private long bytes;

    /// <summary>Whether, with some more bytes, the last span of patience brought too few.</summary>
    public bool IsTooLow(int more)
    {
        bytes += more;
        var elapsed = Stopwatch.GetElapsedTime(begun);
        if (more == 0 || elapsed < 2 * options.Patience)
        {
            return false;
        }

        var slow = bytes < options.LeastBytesPerSecond * elapsed.TotalSeconds;
        (begun, bytes) = (Stopwatch.GetTimestamp(), 0);
        return slow;
    }
}
