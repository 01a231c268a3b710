using LoRi.Files.Text;

namespace LoRi.Files.Tokenizers;

/// <summary>Reads the added tokens of a file, with the ids that the reference implementation gives them.</summary>
internal static class AddedTokenReader
{
    /// <summary>
    /// A token that the model's vocabulary has keeps the id it has there, any other gets the next free one; the id in the file is
    /// only what was expected, and a note says where the two differ.
    /// </summary>
    public static (AddedTokenList Added, List<string> Notes) Read(TokenizerJson? list, IReadOnlyDictionary<string, int> vocabulary)
    {
        AddedTokenList added = new(vocabulary);
        List<string> moved = [];
        foreach (var item in list?.Items() ?? [])
        {
            var expected = item.Get("id").AsId();
            var content = item.Text("content");
            if (content.Length == 0)
            {
                continue;
            }

            var id = added.Add(Token(item, content)) ?? throw item.Bad($"comes after more than {Vocabulary.LargestId} ids");
            if (id != expected)
            {
                moved.Add(Moved("the file", content, expected, id));
            }
        }

        return (added, Several(moved));
    }

    /// <summary>What is to be said of a token whose id is another than the one that a file has for it.</summary>
    public static string Moved(string file, string content, int expected, int id) =>
        $"the added token {MessageText.Quote(content)} has the id {expected} in {file}, but {id} by the vocabulary and the tokens before "
        + "it, which is used";

    /// <summary>One note for several of a kind.</summary>
    public static List<string> Several(List<string> notes) => notes.Count < 2 ? notes : [$"{notes[0]}; {notes.Count - 1} more likewise"];

    private static AddedToken Token(TokenizerJson item, string content) => new(0, content)
    {
        Special = item.Flag("special", false),
        SingleWord = item.Flag("single_word", false),
        LeftStrip = item.Flag("lstrip", false),
        RightStrip = item.Flag("rstrip", false),
        Normalized = item.Flag("normalized", false),
    };
}
