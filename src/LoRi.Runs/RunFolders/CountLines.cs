namespace LoRi.Runs.RunFolders;

/// <summary>Lines that count up to a number which is known: one after each twentieth of it, however small what is counted.</summary>
/// <param name="total">How many there are, at least one.</param>
/// <param name="info">Told each line.</param>
/// <param name="of">Said before the numbers.</param>
internal sealed class CountLines(int total, Action<string> info, string of = "")
{
    private const long Lines = 20;
    private long told;

    /// <summary>Says how many there are by now, where a twentieth has passed since it was said.</summary>
    /// <param name="done">So many of them.</param>
    public void Tell(int done)
    {
        var part = Lines * done / total;
        if (part > told)
        {
            told = part;
            info($"{of}{done:N0} of {total:N0} examples");
        }
    }
}
