using Microsoft.ML.Tokenizers;

namespace LoRi.Training.Tokenizers;

/// <summary>Turns one piece of text into ids.</summary>
internal interface ITokenModel
{
    /// <summary>The ids of a piece (in the byte alphabet where the tokenizer uses it).</summary>
    IReadOnlyList<int> Encode(string piece);
}

/// <summary>Whole pieces are the vocabulary.</summary>
internal sealed class WordLevelModel(string source, IReadOnlyDictionary<string, int> vocabulary, int? unknown) : ITokenModel
{
    /// <inheritdoc/>
    public IReadOnlyList<int> Encode(string piece)
    {
        if (vocabulary.TryGetValue(piece, out int id))
        {
            return [id];
        }

        return unknown is int fallback
            ? [fallback]
            : throw new InputException($"{source}: {MessageText.Quote(piece)} is not in the vocabulary and there is no unk_token; use other text or another tokenizer");
    }
}

/// <summary>Byte-pair encoding: pairs are merged in the order of the list of merges.</summary>
internal sealed class BpeModel : ITokenModel
{
    private readonly IReadOnlyDictionary<string, int>? _whole;
    private readonly BpeTokenizer _merger;

    /// <summary>Builds the merge table.</summary>
    /// <param name="source">The file, for messages.</param>
    /// <param name="vocabulary">Token to id.</param>
    /// <param name="merges">The merges, first merged first, the two sides with a space between.</param>
    /// <param name="unknown">What stands for a character that the vocabulary lacks; such characters are left out when it is null.</param>
    /// <param name="ignoreMerges">Whether a piece that is in the vocabulary is taken whole, whatever the merges give.</param>
    public BpeModel(string source, IReadOnlyDictionary<string, int> vocabulary, IEnumerable<string> merges, string? unknown, bool ignoreMerges)
    {
        _whole = ignoreMerges ? vocabulary : null;
        try
        {
            _merger = BpeTokenizer.Create(new BpeOptions(vocabulary) { Merges = merges, UnknownToken = unknown });
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or FormatException)
        {
            throw new InputException($"{source}: vocabulary and merges do not fit together ({e.Message}); the file is damaged", e);
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<int> Encode(string piece) =>
        _whole is not null && _whole.TryGetValue(piece, out int id) ? [id] : _merger.EncodeToIds(piece, considerPreTokenization: false, considerNormalization: false);
}
