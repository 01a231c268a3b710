namespace LoRi.Files.Tokenizers;

/// <summary>Tokens and their ids, both ways: the model's own and the added ones.</summary>
internal sealed class Vocabulary
{
    /// <summary>Ids beyond this are taken for damage.</summary>
    public const int LargestId = 1 << 23;

    private readonly IReadOnlyDictionary<string, int> _model;
    private readonly Dictionary<string, AddedToken> _added = new(StringComparer.Ordinal);
    private readonly string?[] _tokens;

    /// <summary>Joins the two; an added token's text counts before a model's token of the same id.</summary>
    public Vocabulary(IReadOnlyDictionary<string, int> model, IReadOnlyList<AddedToken> added)
    {
        _model = model;
        Added = added;
        int largest = -1;
        foreach (int id in model.Values.Concat(added.Select(token => token.Id)))
        {
            largest = int.Max(largest, id);
        }

        Size = largest + 1;
        _tokens = new string?[Size];
        foreach ((string token, int id) in model)
        {
            _tokens[id] = token;
        }

        foreach (AddedToken token in added)
        {
            _added[token.Content] = token;
            _tokens[token.Id] = token.Content;
        }
    }

    /// <summary>The tokens of the model alone.</summary>
    public IReadOnlyDictionary<string, int> Model => _model;

    /// <summary>The added tokens, in the order of the file.</summary>
    public IReadOnlyList<AddedToken> Added { get; }

    /// <summary>One more than the largest id.</summary>
    public int Size { get; }

    /// <summary>One more than the largest id of a token that some file names.</summary>
    public int NamedSize => _model.Values.Concat(Added.Where(token => !token.Assumed).Select(token => token.Id)).Append(-1).Max() + 1;

    /// <summary>The id of a token, or null.</summary>
    public int? Find(string token) =>
        _added.TryGetValue(token, out AddedToken? added) ? added.Id : _model.TryGetValue(token, out int id) ? id : null;

    /// <summary>The token of an id, or null.</summary>
    public string? Find(int id) => id >= 0 && id < Size ? _tokens[id] : null;

    /// <summary>Whether a token is found in texts as it is.</summary>
    public bool IsAdded(string token) => _added.ContainsKey(token);

    /// <summary>Whether a token is a control token.</summary>
    public bool IsSpecial(string token) => _added.TryGetValue(token, out AddedToken? added) && added.Special;
}
