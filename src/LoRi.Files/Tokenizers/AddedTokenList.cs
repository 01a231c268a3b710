namespace LoRi.Files.Tokenizers;

/// <summary>Added tokens as they come, with the ids that the reference implementation gives them.</summary>
/// <param name="vocabulary">The model's own tokens.</param>
internal sealed class AddedTokenList(IReadOnlyDictionary<string, int> vocabulary)
{
    private readonly List<AddedToken> tokens = [];
    private readonly Dictionary<string, int> places = new(StringComparer.Ordinal);
    private int next = vocabulary.Count;

    /// <summary>The tokens, in the order in which they came.</summary>
    public IReadOnlyList<AddedToken> Tokens => tokens;

    /// <summary>The added token of a text, or null.</summary>
    public AddedToken? Find(string content) => places.TryGetValue(content, out var place) ? tokens[place] : null;

    /// <summary>The id of an added token or one of the model's own, or null.</summary>
    public int? IdOf(string content) => Find(content)?.Id ?? (vocabulary.TryGetValue(content, out var id) ? id : null);

    /// <summary>
    /// Adds a token. One that the vocabulary has keeps the id it has there, any other gets the next free one, whatever id it comes with.
    /// One that is there already takes the new properties, but stays a control token, and stays one that is looked for in the
    /// text as given.
    /// </summary>
    /// <returns>Its id; null where there are more ids than a vocabulary may have.</returns>
    public int? Add(AddedToken token)
    {
        if (Find(token.Content) is AddedToken old)
        {
            var normalized = old.Special ? old.Normalized : old.Normalized && token.Normalized;
            tokens[places[token.Content]] = token with
            {
                Id = old.Id,
                Special = token.Special || old.Special,
                Normalized = normalized,
                Assumed = old.Assumed && token.Assumed,
            };
            return old.Id;
        }

        var own = vocabulary.TryGetValue(token.Content, out var known);
        var id = own ? known : next;
        if (id > Vocabulary.LargestId)
        {
            return null;
        }

        places[token.Content] = tokens.Count;
        next = int.Max(next, id + 1);
        tokens.Add(token with { Id = id, Assumed = token.Assumed && !own });
        return id;
    }
}
