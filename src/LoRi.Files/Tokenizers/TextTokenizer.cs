using System.Text;
using System.Text.Json.Nodes;
using LoRi.Files.Text;

namespace LoRi.Files.Tokenizers;

/// <summary>
/// Turns text into ids and back, as a Hub <c>tokenizer.json</c> says. Safe to use from several threads. Truncation and padding
/// settings of the file are not followed: callers cut and pad.
/// </summary>
public sealed class TextTokenizer
{
    private readonly TokenizerParts parts;
    private readonly Vocabulary vocabulary;
    private readonly AddedTokenFinder rawFinder;
    private readonly AddedTokenFinder normalizedFinder;

    internal TextTokenizer(TokenizerParts parts, IReadOnlyList<AddedToken> added)
    {
        this.parts = parts;
        vocabulary = new Vocabulary(parts.Model, added);
        AddedToken[] sought =
            [.. added.Where(token => !parts.ReadAsText.Contains(token.Content) && !(parts.SplitsSpecial && token.Special))];
        rawFinder = new AddedTokenFinder(sought.Where(token => !token.Normalized).Select(token => (token.Content, token)));
        normalizedFinder = new AddedTokenFinder(sought.Where(token => token.Normalized)
            .Select(token => (NormalizedText.Of(token.Content, parts.Normalize).Text, token)));
    }

    /// <summary>The file that it was read from.</summary>
    public string Path => parts.Path;

    /// <summary>What the file says that is not followed, for the user to read.</summary>
    public IReadOnlyList<string> Notes => parts.Notes;

    /// <summary>One more than the largest id that a file names: the rows that an embedding table needs at least.</summary>
    public int VocabularySize => vocabulary.NamedSize;

    /// <summary>The tokens that are found in the text as they are, control tokens among them.</summary>
    public IReadOnlyList<AddedToken> AddedTokens => vocabulary.Added;

    /// <summary>
    /// The <c>tokenizer_config.json</c> beside the file (or what a GGUF file says in its place); empty where there is none.
    /// </summary>
    public JsonObject Config => (JsonObject)parts.Config.DeepClone();

    /// <summary>
    /// The special tokens by role (<c>bos_token</c>, ...), wherever the folder names them: a text, or a list of those without a role of
    /// their own.
    /// </summary>
    public JsonObject SpecialTokens => (JsonObject)parts.Special.DeepClone();

    /// <summary>The ids of a text.</summary>
    /// <param name="text">Any text; surrogates that stand alone count as U+FFFD.</param>
    /// <param name="addSpecialTokens">Whether to add what the file wants around every text, for example a token for its beginning.</param>
    public int[] Encode(string text, bool addSpecialTokens = true)
    {
        List<int> ids = new((text.Length / 3) + 8);
        if (addSpecialTokens)
        {
            ids.AddRange(parts.Frame.Before);
        }

        foreach ((var piece, var start, var end, var token, _) in Segments(text))
        {
            if (token is null)
            {
                EncodeBetween(piece.Text[start..end], ids);
            }
            else
            {
                ids.Add(token.Id);
            }
        }

        if (addSpecialTokens)
        {
            ids.AddRange(parts.Frame.After);
        }

        return [.. ids];
    }

    /// <summary>The ids of a text, without any that the file would add, and what part of it each stands for.</summary>
    /// <param name="text">Any text; its characters are counted as UTF-16 code units.</param>
    /// <remarks>
    /// A space that a token begins with belongs to its part, unless the file wants offsets trimmed. Tokens that share a character
    /// all cover the whole of it.
    /// </remarks>
    public TokenSpan[] EncodeWithOffsets(string text)
    {
        List<TokenSpan> spans = [];
        foreach ((var piece, var start, var end, var token, var offset) in Segments(text))
        {
            if (token is null)
            {
                SpansBetween(piece, start, end, offset, spans);
            }
            else
            {
                (var first, var last) = piece.Original(start, end);
                spans.Add(new(token.Id, offset + first, offset + last));
            }
        }

        return parts.Frame.Trim.Apply(spans, IdToToken);
    }

    /// <summary>The text of a list of ids; ids that the vocabulary does not have are left out.</summary>
    /// <param name="ids">The ids.</param>
    /// <param name="skipSpecialTokens">Whether to leave out control tokens.</param>
    public string Decode(IEnumerable<int> ids, bool skipSpecialTokens = false)
    {
        ArgumentNullException.ThrowIfNull(ids);
        List<(string Token, bool Added)> tokens = [];
        foreach (var id in ids)
        {
            if (vocabulary.Find(id) is string token && !(skipSpecialTokens && vocabulary.IsSpecial(token)))
            {
                tokens.Add((token, IsItsOwnText(token, id)));
            }
        }

        return parts.Decoder.Join(tokens);
    }

    /// <summary>
    /// Whether a token is an added one that stands for its own text; one that ordinary text makes as well stands for bytes.
    /// </summary>
    private bool IsItsOwnText(string token, int id) =>
        vocabulary.IsAdded(token) && !(vocabulary.Model.ContainsKey(token) && parts.Cache.MayMake(id));

    /// <summary>The id of a token in its vocabulary form (for byte-level vocabularies in the byte alphabet), or null.</summary>
    /// <param name="token">The token as <c>tokenizer.json</c> writes it.</param>
    public int? TokenToId(string token) => vocabulary.Find(token);

    /// <summary>The vocabulary form of an id, or null.</summary>
    /// <param name="id">Any number.</param>
    public string? IdToToken(int id) => vocabulary.Find(id);

    /// <summary>
    /// This tokenizer with more control tokens, each with the next free id; those that are there already keep theirs. An id that a file
    /// gives to a part without a token is given a token that no text has.
    /// </summary>
    /// <param name="contents">Their texts.</param>
    /// <param name="taken">Ids that are given away beside those of the tokenizer's own folder.</param>
    /// <exception cref="InputException">The next id is one that the vocabulary has.</exception>
    public TextTokenizer WithSpecialTokens(IEnumerable<string> contents, IReadOnlySet<int>? taken = null)
    {
        ArgumentNullException.ThrowIfNull(contents);
        List<AddedToken> added = [.. AddedTokens];
        HashSet<int> reserved =
            [.. TokenizerFolder.IdsIn(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(Path))!), .. taken ?? new HashSet<int>()];
        var next = added.Select(token => token.Id + 1).Append(vocabulary.Model.Count).Max();
        foreach (var content in contents)
        {
            ArgumentException.ThrowIfNullOrEmpty(content, nameof(contents));
            if (added.Exists(token => token.Content == content))
            {
                continue;
            }

            var own = TokenToId(content);
            for (; own is null && reserved.Contains(next); next++)
            {
                added.Add(new AddedToken(Free(next), $"<|lori_reserved_{next}|>") { Special = true });
            }

            added.Add(new AddedToken(own ?? Free(next++), content) { Special = true });
        }

        return new TextTokenizer(parts, added);
    }

    /// <summary>
    /// This tokenizer, for which the given texts are ordinary wherever they stand, though they are added tokens. Ids and files
    /// stay the same.
    /// </summary>
    internal TextTokenizer ReadingAsText(IEnumerable<string> contents) => new(parts with { ReadAsText = [.. contents] }, AddedTokens);

    /// <summary>What <see cref="ReadingAsText"/> was given.</summary>
    internal IReadOnlyList<string> ReadAsText => parts.ReadAsText;

    /// <summary>Whether one of these texts is also a word of the model's own vocabulary, so that ordinary text may give its id.</summary>
    internal bool TextsAreWords => parts.ReadAsText.Any(vocabulary.Model.ContainsKey);

    /// <summary>The id that other readers of the written file will give a new token, if no token has it.</summary>
    private int Free(int id) => IdToToken(id) is not string taken ? id
        : throw new InputException(
            $"{Path}: the next new token gets the id {id}, which {MessageText.Quote(taken)} has; the ids of its vocabulary have gaps, "
            + "renumber them");

    /// <summary>
    /// Writes <c>tokenizer.json</c>, with more control tokens, <c>tokenizer_config.json</c> and, where the source has one,
    /// <c>added_tokens.json</c> into a folder; gives back the tokenizer that the files describe.
    /// </summary>
    /// <param name="folder">An existing folder.</param>
    /// <param name="newSpecialTokens">Control tokens to add behind the last id; null for none.</param>
    /// <returns>The tokenizer that the files describe.</returns>
    public TextTokenizer SaveTo(string folder, IEnumerable<string>? newSpecialTokens = null)
    {
        var extended = WithSpecialTokens(newSpecialTokens ?? []);
        var parts = extended.parts with { Config = WrittenConfig.Of(extended.parts, extended.AddedTokens) };
        TokenizerWriter.Write(folder, parts, extended.AddedTokens);
        return new TextTokenizer(parts, extended.AddedTokens);
    }

    /// <summary>
    /// The parts of a text: added tokens, and what lies between them in normal form, each with where its piece begins in the
    /// text.
    /// </summary>
    private IEnumerable<(NormalizedText Piece, int Start, int End, AddedToken? Token, int Offset)> Segments(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var valid = WithoutLoneSurrogates(text);
        foreach ((var start, var end, var token) in rawFinder.Split(valid))
        {
            var all = start == 0 && end == valid.Length;
            var piece = NormalizedText.Of(all ? valid : valid[start..end], parts.Normalize && token is null);
            if (token is not null)
            {
                yield return (piece, 0, piece.Text.Length, token, start);
                continue;
            }

            foreach ((var from, var to, var inner) in normalizedFinder.Split(piece.Text))
            {
                yield return (piece, from, to, inner, start);
            }
        }
    }

    private static string WithoutLoneSurrogates(string text)
    {
        if (text.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF') < 0)
        {
            return text;
        }

        StringBuilder valid = new(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            valid.Append(rune.ToString());
        }

        return valid.ToString();
    }

    private bool NeedsPrefix(string text) => parts.PreTokenizer.AddPrefixSpace && !text.StartsWith(' ');

    private void EncodeBetween(string text, List<int> ids)
    {
        var whole = NeedsPrefix(text) ? " " + text : text;
        foreach ((var start, var end) in parts.PreTokenizer.Cut(whole))
        {
            ids.AddRange(parts.Cache.Encode(whole.AsSpan(start, end - start)));
        }
    }

    private void SpansBetween(NormalizedText piece, int from, int to, int offset, List<TokenSpan> spans)
    {
        var text = piece.Text[from..to];
        var prefixed = NeedsPrefix(text);
        var whole = prefixed ? " " + text : text;
        var shift = from - (prefixed ? 1 : 0);
        foreach ((var start, var end) in parts.PreTokenizer.Cut(whole))
        {
            var ids = parts.Cache.Encode(whole.AsSpan(start, end - start));
            foreach ((var id, var first, var last) in SpansOf(whole, start, end, ids))
            {
                (var originalFirst, var originalLast) = piece.Original(int.Max(from, first + shift), int.Max(from, last + shift));
                spans.Add(new(id, offset + originalFirst, offset + originalLast));
            }
        }
    }

    private IEnumerable<TokenSpan> SpansOf(string text, int start, int end, int[] ids)
    {
        if (!parts.PreTokenizer.ByteLevel || ids.Length == 1)
        {
            return ids.Select(id => new TokenSpan(id, start, end));
        }

        List<(int Start, int End)> byteToCharacter = [];
        var at = start;
        foreach (var rune in text.AsSpan(start, end - start).EnumerateRunes())
        {
            byteToCharacter.AddRange(Enumerable.Repeat((at, at + rune.Utf16SequenceLength), rune.Utf8SequenceLength));
            at += rune.Utf16SequenceLength;
        }

        var done = 0;
        return ids.Select(id =>
        {
            var first = int.Min(done, byteToCharacter.Count - 1);
            done = int.Min(done + (IdToToken(id)?.Length ?? 0), byteToCharacter.Count);
            return new TokenSpan(id, byteToCharacter[first].Start, byteToCharacter[int.Max(first, done - 1)].End);
        }).ToList();
    }
}
