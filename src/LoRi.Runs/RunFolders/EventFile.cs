using System.Globalization;
using System.Numerics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Google.Protobuf;
using Tensorboard;

namespace LoRi.Runs.RunFolders;

/// <summary>
/// A TensorBoard event file with the numbers of <c>metrics.jsonl</c>: records of length, its masked CRC-32C, a protobuf event and
/// its masked CRC-32C. A resumed run writes the file again from the metrics that were kept, so that no step is there twice.
/// </summary>
internal sealed class EventFile : IDisposable
{
    private const uint MaskDelta = 0xa282ead8;
    private const string NamePart = "tfevents";
    private readonly string path;
    private readonly double origin;
    private readonly Action<string> warn;
    private FileStream? file;

    private EventFile(string path, double origin, Action<string> warn) => (this.path, this.origin, this.warn) = (path, origin, warn);

    /// <summary>
    /// Replaces the event files of a folder by one that holds some rows of metrics. Where that cannot be, a run does without:
    /// <c>metrics.jsonl</c> has all that these files have.
    /// </summary>
    /// <param name="folder">The folder, made if need be.</param>
    /// <param name="rows">The rows so far.</param>
    /// <param name="warn">Told once where the curves end early.</param>
    public static EventFile Create(string folder, IEnumerable<JsonObject> rows, Action<string> warn)
    {
        ArgumentNullException.ThrowIfNull(rows);
        var kept = rows.ToList();
        var now = (DateTime.UtcNow - DateTime.UnixEpoch).TotalSeconds;
        try
        {
            Directory.CreateDirectory(folder);
            foreach (var old in Directory.GetFiles(folder, $"*{NamePart}*"))
            {
                File.Delete(old);
            }

            var name = string.Create(CultureInfo.InvariantCulture,
                $"events.out.{NamePart}.{(long)now:0000000000}.{Environment.MachineName}.{Environment.ProcessId}.0");
            var events = new EventFile(Path.Combine(folder, name), now - (kept.Count == 0 ? 0 : SecondsOf(kept[^1])), warn);
            events.file = new FileStream(events.path, FileMode.Create, FileAccess.Write, FileShare.Read);
            events.Write(new Event { WallTime = events.origin, FileVersion = "brain.Event:2" });
            kept.ForEach(events.Add);
            return events;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            var none = new EventFile(folder, now, warn);
            none.Tell(e);
            return none;
        }
    }

    /// <summary>Curves that nobody keeps.</summary>
    public static EventFile Nowhere() => new("", 0, _ => { });

    /// <summary>Adds a row of metrics: every number but the step is a curve of its name.</summary>
    public void Add(JsonObject row)
    {
        ArgumentNullException.ThrowIfNull(row);
        var summary = new Summary();
        foreach (var (name, value) in row.Where(pair => pair.Key is not ("step" or "seconds")))
        {
            summary.Value.Add(new Summary.Types.Value { Tag = name, SimpleValue = (float)Number(value) });
        }

        try
        {
            Write(new Event { WallTime = origin + SecondsOf(row), Step = (long)Number(row["step"]), Summary = summary });
        }
        catch (IOException e)
        {
            Dispose();
            file = null;
            Tell(e);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        try
        {
            file?.Dispose();
        }
        catch (IOException)
        {
            // What could not be written was reported when it was to be written.
        }
    }

    /// <summary>The checksum that records carry: CRC-32C, turned right by 15 bits, plus a constant.</summary>
    internal static uint MaskedSum(ReadOnlySpan<byte> bytes)
    {
        var sum = uint.MaxValue;
        foreach (var one in bytes)
        {
            sum = BitOperations.Crc32C(sum, one);
        }

        return BitOperations.RotateRight(~sum, 15) + MaskDelta;
    }

    private static double SecondsOf(JsonObject row) => Number(row["seconds"]);

    private static double Number(JsonNode? value) => value is null ? double.NaN : value.Deserialize<double>(MetricsWriter.Format);

    private void Tell(Exception e) => warn($"{path}: cannot be written ({e.Message}); the curves end here, metrics.jsonl has them all");

    private void Write(Event record)
    {
        if (file is null)
        {
            return;
        }

        var content = record.ToByteArray();
        var length = BitConverter.GetBytes((ulong)content.Length);
        file.Write([.. length, .. BitConverter.GetBytes(MaskedSum(length)), .. content, .. BitConverter.GetBytes(MaskedSum(content))]);
        file.Flush();
    }
}
