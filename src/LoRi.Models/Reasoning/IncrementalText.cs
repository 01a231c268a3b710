using LoRi.Files.Tokenizers;

namespace LoRi.Models.Reasoning;

/// <summary>
/// The text of ids that come one by one, as soon as it is certain: what it gives, put together, is the text of all ids at once.
/// Ids that end within a character are held back until it is whole.
/// </summary>
/// <param name="tokenizer">What the ids belong to.</param>
internal sealed class IncrementalText(TextTokenizer tokenizer)
{
    /// <summary>What stands for bytes that are no character, and so for one of which bytes are missing: three at most.</summary>
    private const char Unknown = '\uFFFD';
    private const int MostMissing = 3;

    /// <summary>The ids whose text is looked at: decoding everything again for each would take time that grows with the square.</summary>
    private readonly List<int> window = [];

    /// <summary>Ids of the window that were given out whole: what comes after a token may depend on it.</summary>
    private int before;

    /// <summary>Characters of the window's text that were given out.</summary>
    private int given;

    /// <summary>What is certain since the last call, now that an id was added; often empty.</summary>
    public string Add(int id)
    {
        window.Add(id);
        var text = Text();
        var whole = text.Length;
        while (whole > given && text.Length - whole < MostMissing && text[whole - 1] == Unknown)
        {
            whole--;
        }

        var certain = text[System.Math.Min(given, whole)..whole];
        given = System.Math.Max(given, whole);
        if (whole == text.Length && certain.Length > 0)
        {
            window.RemoveRange(0, before);
            before = window.Count;
            given = Text().Length;
        }

        return certain;
    }

    /// <summary>What was held back, now that no more ids come.</summary>
    public string End() => Text()[given..];

    private string Text() => tokenizer.Decode(window, skipSpecialTokens: true);
}
