using LoRi.Files.Text;

namespace LoRi.Files.Hub;

/// <summary>Where a download is shown to people as it runs. Calls come from one thread at a time.</summary>
public interface IDownloadScreen
{
    /// <summary>Something happened.</summary>
    /// <param name="text">One line without its end.</param>
    void Line(string text);

    /// <summary>A file is begun, or gone on with.</summary>
    /// <param name="path">Its path within the repository.</param>
    /// <param name="size">Its bytes.</param>
    /// <param name="arrived">How many of them are there already.</param>
    void Begin(string path, long size, long arrived);

    /// <summary>More of the file that was begun last has arrived; fewer bytes than before where it restarts.</summary>
    /// <param name="arrived">Bytes of the file so far, those of an earlier try included.</param>
    void Progress(long arrived);

    /// <summary>The file that was begun last is complete and checked.</summary>
    void Finished();
}

/// <summary>Plain lines, for files, pipes and tests: one for a finished file, and one now and then for a long one.</summary>
/// <param name="writer">Gets the lines.</param>
/// <param name="clock">Tells the time.</param>
public sealed class PlainDownloadScreen(TextWriter writer, TimeProvider clock) : IDownloadScreen
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);

    private string path = string.Empty;
    private long size;
    private long shown;

    /// <inheritdoc/>
    public void Line(string text) => writer.WriteLine(MessageText.Name(text));

    /// <inheritdoc/>
    public void Begin(string path, long size, long arrived)
    {
        (this.path, this.size, shown) = (MessageText.Name(path), size, clock.GetTimestamp());
        if (arrived > 0)
        {
            writer.WriteLine($"{this.path}: going on after {MessageText.Bytes(arrived)} of {MessageText.Bytes(size)}");
        }
    }

    /// <inheritdoc/>
    public void Progress(long arrived)
    {
        if (clock.GetElapsedTime(shown) >= Pause)
        {
            shown = clock.GetTimestamp();
            writer.WriteLine($"{path}: {MessageText.Bytes(arrived)} of {MessageText.Bytes(size)}");
        }
    }

    /// <inheritdoc/>
    public void Finished() => writer.WriteLine($"{path}: {MessageText.Bytes(size)}, checked");
}
