namespace LoRi.Files.Tokenizers;

/// <summary>Tokens and their ids, both ways: the model's own and the added ones.</summary>
internal sealed class Vocabulary
{
    /// <summary>Ids beyond this are taken for damage.</summary>
    public const int LargestId = 1 << 23;

    private readonly IReadOnlyDictionary<string, int> model;
    private readonly Dictionary<string, AddedToken> added = new(StringComparer.Ordinal);
    private readonly string?[] tokens;

    /// <summary>Joins the two; an added token's text counts before a model's token of the same id.</summary>
    public Vocabulary(IReadOnlyDictionary<string, int> model, IReadOnlyList<AddedToken> added)
    {
        this.model = model;
        Added = added;
        var largest = -1;
        foreach (var id in model.Values.Concat(added.Select(token => token.Id)))
        {
            largest = int.Max(largest, id);
        }

        Size = largest + 1;
        tokens = new string?[Size];
        foreach ((var token, var id) in model)
        {
            tokens[id] = token;
        }

        foreach (var token in added)
        {
            this.added[token.Content] = token;
            tokens[token.Id] = token.Content;
        }
    }

    /// <summary>The tokens of the model alone.</summary>
    public IReadOnlyDictionary<string, int> Model => model;

    /// <summary>The added tokens, in the order of the file.</summary>
    public IReadOnlyList<AddedToken> Added { get; }

    /// <summary>One more than the largest id.</summary>
    public int Size { get; }

    /// <summary>One more than the largest id of a token that some file names.</summary>
    public int NamedSize => model.Values.Concat(Added.Where(token => !token.Assumed).Select(token => token.Id)).Append(-1).Max() + 1;

    /// <summary>The id of a token, or null.</summary>
    public int? Find(string token) =>
        this.added.TryGetValue(token, out var added) ? added.Id : model.TryGetValue(token, out var id) ? id : null;

    /// <summary>The token of an id, or null.</summary>
    public string? Find(int id) => id >= 0 && id < Size ? tokens[id] : null;

    /// <summary>Whether a token is found in texts as it is.</summary>
    public bool IsAdded(string token) => added.ContainsKey(token);

    /// <summary>Whether a token is a control token.</summary>
    public bool IsSpecial(string token) => this.added.TryGetValue(token, out var added) && added.Special;
}
