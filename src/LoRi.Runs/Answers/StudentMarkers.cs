using LoRi.Files;
using LoRi.Files.Data;
using LoRi.Files.Text;
using LoRi.Files.Tokenizers;
using LoRi.Models.ModelFiles;

namespace LoRi.Runs.Answers;

/// <summary>
/// The tokens around a student's latent steps. They stand in sequences only where training and answering put them: the same letters in
/// a question, a rationale or an answer are ordinary text.
/// </summary>
internal static class StudentMarkers
{
    /// <summary>Their texts: the begin and the end of the latent steps.</summary>
    public static readonly IReadOnlyList<string> Texts = ["<bot>", "<eot>"];

    /// <summary>The marker of a latent step's input before its first sweep, where a method has one.</summary>
    public const string Latent = "<latent>";

    /// <summary>A student's tokenizer as texts from outside are read with it.</summary>
    public static TextTokenizer AsText(TextTokenizer tokenizer) => tokenizer.ReadingAsText([.. Texts, Latent]);

    /// <summary>A model's tokenizer as texts from outside are read with it; a plain checkpoint's is left as it is.</summary>
    public static TextTokenizer AsText(TextTokenizer tokenizer, ReasoningCard? card)
    {
        int[] ids = card is null ? [] : [.. card.Special.Markers];
        string[] marked =
            [.. tokenizer.AddedTokens.Where(token => ids.Contains(token.Id) && (Texts.Contains(token.Content) || token.Content == Latent))
                .Select(token => token.Content)];
        return marked.Length == 0 ? tokenizer : tokenizer.ReadingAsText(marked);
    }

    /// <summary>
    /// Refuses rows whose ordinary text makes a marker all the same, which a vocabulary can that has the marker's text as a word
    /// of its own.
    /// </summary>
    /// <param name="set">The rows.</param>
    /// <param name="tokenizer">What <see cref="AsText(TextTokenizer)"/> gave.</param>
    /// <param name="parts">The texts of a row by the name of their part.</param>
    /// <exception cref="InputException">A row has such a text.</exception>
    public static void Check(
        ReasoningSet set, TextTokenizer tokenizer, Func<ReasoningExample, IEnumerable<(string Part, string Text)>> parts)
    {
        if (!tokenizer.TextsAreWords)
        {
            return;
        }

        for (var row = 0; row < set.Examples.Count; row++)
        {
            foreach (var (part, text) in parts(set.Examples[row]))
            {
                if (Found(tokenizer, text) is string marker)
                {
                    throw new InputException(
                        $"--data {set.Places[row]}: the {part} has the text {MessageText.Quote(marker)}, which {tokenizer.Path} has as a "
                        + "word and which marks latent steps; leave this row out, or write it otherwise");
                }
            }
        }
    }

    /// <summary>Question, rationale and answer of a row.</summary>
    public static IEnumerable<(string Part, string Text)> All(ReasoningExample example) =>
        [("question", example.Question), ("rationale", example.Rationale), ("answer", example.Answer)];

    /// <summary>Refuses a prompt whose ordinary text makes a marker all the same.</summary>
    /// <exception cref="InputException">It does.</exception>
    public static void CheckPrompt(TextTokenizer tokenizer, string text, string named)
    {
        if (tokenizer.TextsAreWords && Found(tokenizer, text) is string marker)
        {
            throw new InputException($"{named}: has the text {MessageText.Quote(marker)}, which marks latent steps; write it otherwise");
        }
    }

    private static string? Found(TextTokenizer tokenizer, string text)
    {
        var ids = Texts.Append(Latent).Any(marker => text.Contains(marker, StringComparison.Ordinal))
            ? tokenizer.Encode(text, addSpecialTokens: false)
            : [];
        return tokenizer.ReadAsText.FirstOrDefault(marker => tokenizer.TokenToId(marker) is int id && ids.Contains(id));
    }
}
