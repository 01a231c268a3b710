using LoRi.Files.Text;

namespace LoRi.Files.Tokenizers;

/// <summary>Turns one piece of text into ids. Safe to use from several threads.</summary>
internal interface ITokenModel
{
    /// <summary>The ids of a piece.</summary>
    int[] Encode(ReadOnlySpan<char> piece);

    /// <summary>Whether a token of the vocabulary may come from ordinary text.</summary>
    bool MayMake(int id);
}

/// <summary>Whole pieces, written in the byte alphabet where <paramref name="byteLevel"/>, are the vocabulary.</summary>
internal sealed class WordLevelModel(string source, IReadOnlyDictionary<string, int> vocabulary, int? unknown, bool byteLevel) : ITokenModel
{
    /// <inheritdoc/>
    public bool MayMake(int id) => true;

    /// <inheritdoc/>
    public int[] Encode(ReadOnlySpan<char> piece)
    {
        var word = byteLevel ? ByteAlphabet.Write(piece) : piece.ToString();
        if (vocabulary.TryGetValue(word, out var id))
        {
            return [id];
        }

        return unknown is int fallback
            ? [fallback]
            : throw new InputException(
                $"{source}: {MessageText.Quote(word)} is not in the vocabulary and there is no unk_token; use other text or another "
                + "tokenizer");
    }
}
