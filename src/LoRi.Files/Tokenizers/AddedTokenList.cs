namespace LoRi.Files.Tokenizers;

/// <summary>Added tokens as they come, with the ids that the reference implementation gives them.</summary>
/// <param name="vocabulary">The model's own tokens.</param>
internal sealed class AddedTokenList(IReadOnlyDictionary<string, int> vocabulary)
{
    private readonly List<AddedToken> _tokens = [];
    private readonly Dictionary<string, int> _places = new(StringComparer.Ordinal);
    private int _next = vocabulary.Count;

    /// <summary>The tokens, in the order in which they came.</summary>
    public IReadOnlyList<AddedToken> Tokens => _tokens;

    /// <summary>The added token of a text, or null.</summary>
    public AddedToken? Find(string content) => _places.TryGetValue(content, out int place) ? _tokens[place] : null;

    /// <summary>The id of an added token or one of the model's own, or null.</summary>
    public int? IdOf(string content) => Find(content)?.Id ?? (vocabulary.TryGetValue(content, out int id) ? id : null);

    /// <summary>
    /// Adds a token. One that the vocabulary has keeps the id it has there, any other gets the next free one, whatever id it comes with.
    /// One that is there already takes the new properties, but stays a control token, and stays one that is looked for in the text as given.
    /// </summary>
    /// <returns>Its id; null where there are more ids than a vocabulary may have.</returns>
    public int? Add(AddedToken token)
    {
        if (Find(token.Content) is AddedToken old)
        {
            bool normalized = old.Special ? old.Normalized : old.Normalized && token.Normalized;
            _tokens[_places[token.Content]] = token with
            {
                Id = old.Id,
                Special = token.Special || old.Special,
                Normalized = normalized,
                Assumed = old.Assumed && token.Assumed,
            };
            return old.Id;
        }

        bool own = vocabulary.TryGetValue(token.Content, out int known);
        int id = own ? known : _next;
        if (id > Vocabulary.LargestId)
        {
            return null;
        }

        _places[token.Content] = _tokens.Count;
        _next = int.Max(_next, id + 1);
        _tokens.Add(token with { Id = id, Assumed = token.Assumed && !own });
        return id;
    }
}
