namespace LoRi.Training.Tokenizers;

/// <summary>Reads the added tokens of a file, with the ids that the reference implementation gives them.</summary>
internal static class AddedTokenReader
{
    /// <summary>
    /// A token that the model's vocabulary has keeps the id it has there, any other gets the next free one; the id in the file is
    /// only what was expected, and a note says where the two differ.
    /// </summary>
    public static (List<AddedToken> Added, List<string> Notes) Read(TokenizerJson? list, Dictionary<string, int> vocabulary)
    {
        List<AddedToken> added = [];
        List<string> moved = [];
        Dictionary<string, int> places = new(StringComparer.Ordinal);
        int next = vocabulary.Count;
        foreach (TokenizerJson item in list?.Items() ?? [])
        {
            int expected = item.Get("id").AsId();
            string content = item.Text("content");
            bool again = places.TryGetValue(content, out int place);
            int id = again ? added[place].Id : vocabulary.TryGetValue(content, out int own) ? own : next;
            if (id > Vocabulary.LargestId)
            {
                throw item.Bad($"comes after more than {Vocabulary.LargestId} ids");
            }

            if (id != expected && content.Length > 0)
            {
                moved.Add($"the added token {MessageText.Quote(content)} has the id {expected} in the file, but {id} by the vocabulary and the tokens before it, which is used");
            }

            if (again)
            {
                added[place] = Token(item, id, content);
            }
            else if (content.Length > 0)
            {
                places[content] = added.Count;
                next = int.Max(next, id + 1);
                added.Add(Token(item, id, content));
            }
        }

        return (added, moved.Count < 2 ? moved : [$"{moved[0]}; {moved.Count - 1} more likewise"]);
    }

    private static AddedToken Token(TokenizerJson item, int id, string content) => new(id, content)
    {
        Special = item.Flag("special", false),
        SingleWord = item.Flag("single_word", false),
        LeftStrip = item.Flag("lstrip", false),
        RightStrip = item.Flag("rstrip", false),
        Normalized = item.Flag("normalized", false),
    };
}
