using System.Text.Json;
using LoRi.Files.Json;
using LoRi.Files.Text;

namespace LoRi.Files.Tokenizers;

/// <summary>
/// Builds a tokenizer from the bytes of a <c>tokenizer.json</c>; a component that is not supported is an error that names it.
/// </summary>
internal static class TokenizerReader
{
    /// <summary>Reads a file.</summary>
    public static TextTokenizer Read(string path, ReadOnlyMemory<byte> json, TokenizerFolder folder)
    {
        using var document = JsonFile.Parse(path, json);
        try
        {
            return Build(path, json, folder, new TokenizerJson(path, "", document.RootElement));
        }
        catch (InvalidOperationException e)
        {
            throw new InputException($"{path}: has text that is not valid Unicode ({e.Message}); the file is damaged", e);
        }
    }

    private static TextTokenizer Build(string path, ReadOnlyMemory<byte> json, TokenizerFolder folder, TokenizerJson root)
    {
        var model = root.Get("model");
        var vocabulary = ReadVocabulary(model.Get("vocab"));
        (var added, var notes) = AddedTokenReader.Read(root.Find("added_tokens"), vocabulary);
        (var special, var folderNotes) = FolderTokens.Add(folder, added);
        var preTokenizer = PreTokenizerReader.Read(path, root.Find("pre_tokenizer"), folder.PrefixSpace());
        var frame = PostProcessorReader.Read(root.Find("post_processor")).Of(folder, special, added);
        var tokenModel = ReadModel(path, model, vocabulary, preTokenizer);
        notes.AddRange(folderNotes);
        notes.AddRange(((string[])["truncation", "padding"]).Where(name => root.Find(name) is not null)
            .Select(name => $"{name} is set in the file; it is not followed, texts stay whole and alone"));
        TokenizerParts parts = new()
        {
            Path = path,
            Json = json,
            Config = folder.Config,
            Model = vocabulary,
            Normalize = ReadNormalizer(root.Find("normalizer")),
            PreTokenizer = preTokenizer,
            Cache = new PieceCache(tokenModel),
            Decoder = ReadDecoder(root.Find("decoder")),
            Frame = frame,
            Special = special,
            SplitsSpecial = folder.SplitsSpecial,
            HasAddedFile = folder.HasAddedFile,
            Class = folder.Class,
            Notes = notes,
        };
        TextTokenizer tokenizer = new(parts, added.Tokens);
        var unknown = frame.Before.Concat(frame.After).Where(id => tokenizer.IdToToken(id) is null).Select(id => (int?)id)
            .FirstOrDefault();
        return unknown is null ? tokenizer : throw root.Get("post_processor").Bad($"adds the id {unknown}, which no token has");
    }

    private static Dictionary<string, int> ReadVocabulary(TokenizerJson vocab)
    {
        if (vocab.Element.ValueKind != JsonValueKind.Object)
        {
            throw vocab.Unsupported("is not an object of tokens and ids");
        }

        Dictionary<string, int> vocabulary = new(vocab.Element.GetPropertyCount(), StringComparer.Ordinal);
        foreach (var entry in vocab.Element.EnumerateObject())
        {
            var valid = entry.Value.ValueKind == JsonValueKind.Number && entry.Value.TryGetInt32(out var id)
                && id is >= 0 and <= Vocabulary.LargestId;
            vocabulary[entry.Name] = valid
                ? entry.Value.GetInt32()
                : throw vocab.Bad($"has {MessageText.Quote(entry.Name)} with something other than an id from 0 to {Vocabulary.LargestId}");
        }

        return vocabulary;
    }

    private static bool ReadNormalizer(TokenizerJson? normalizer)
    {
        if (normalizer is not TokenizerJson present)
        {
            return false;
        }

        return present.Text("type") switch
        {
            "NFC" => true,
            "Sequence" => present.Get("normalizers").Items().Select(item => ReadNormalizer(item)).ToList().Contains(true),
            string other => throw present.Unsupported($"is of type {MessageText.Quote(other)}"),
        };
    }

    /// <summary>What a sequence of decoders comes to: bytes become text once, and joining joined tokens changes nothing.</summary>
    private static TokenDecoder ReadDecoder(TokenizerJson? decoder)
    {
        if (decoder is not TokenizerJson present)
        {
            return TokenDecoder.Spaced;
        }

        var found = TokenDecoder.Fused;
        var first = true;
        foreach (var part in present.Parts("decoders"))
        {
            var one = part.Text("type") switch
            {
                "ByteLevel" => TokenDecoder.ByteLevel,
                "Fuse" => TokenDecoder.Fused,
                string other => throw part.Unsupported($"is of type {MessageText.Quote(other)}"),
            };
            found = first ? one : one == TokenDecoder.Fused ? found : throw part.Unsupported("is ByteLevel after another decoder");
            first = false;
        }

        return found;
    }

    private static ITokenModel ReadModel(string path, TokenizerJson model, Dictionary<string, int> vocabulary, PreTokenizer preTokenizer)
    {
        var type = model.Find("type")?.AsText() ?? "BPE";
        var unknown = model.Find("unk_token")?.AsText();
        int? unknownId = unknown is not null && vocabulary.TryGetValue(unknown, out var id) ? id : null;
        if (type == "WordLevel")
        {
            return new WordLevelModel(path, vocabulary, unknownId, preTokenizer.ByteLevel);
        }

        if (type != "BPE" || !preTokenizer.ByteLevel)
        {
            throw model.Unsupported(type == "BPE" ? "is BPE without the ByteLevel pre-tokenizer" : $"is of type {MessageText.Quote(type)}");
        }

        CheckPlain(model, vocabulary);
        if (unknown is not null && unknownId is null)
        {
            throw model.Bad($"has the unk_token {MessageText.Quote(unknown)}, which its vocabulary lacks");
        }

        return new BpeModel(path, vocabulary, model.Get("merges").Items().Select(ReadMerge), unknownId, model.Flag("ignore_merges", false));
    }

    /// <summary>
    /// Refuses variants of byte-pair encoding that give other ids; what is done with unknown bytes matters only where there are
    /// some.
    /// </summary>
    private static void CheckPlain(TokenizerJson model, Dictionary<string, int> vocabulary)
    {
        foreach (var name in (string[])["continuing_subword_prefix", "end_of_word_suffix"])
        {
            if (model.Find(name) is TokenizerJson text && text.AsText().Length > 0)
            {
                throw text.Unsupported("is not empty");
            }
        }

        var dropout = model.Find("dropout") is { Element: { ValueKind: JsonValueKind.Number } value } && value.GetDouble() != 0;
        if (dropout)
        {
            throw model.Unsupported("has dropout");
        }

        var complete = Enumerable.Range(0, 256).All(value => vocabulary.ContainsKey(ByteAlphabet.Write((byte)value)));
        if (!complete && (model.Flag("byte_fallback", false) || model.Flag("fuse_unk", false)))
        {
            throw model.Unsupported("has byte_fallback or fuse_unk, and not all 256 bytes in its vocabulary");
        }
    }

    /// <summary>The two sides of a merge, written as <c>"a b"</c> or as <c>["a", "b"]</c>.</summary>
    private static (string Left, string Right) ReadMerge(TokenizerJson merge)
    {
        var sides = merge.Element.ValueKind == JsonValueKind.Array
            ? [.. merge.Items().Select(side => side.AsText())]
            : merge.AsText().Split(' ');
        return sides.Length == 2 ? (sides[0], sides[1]) : throw merge.Bad($"has {sides.Length} sides");
    }
}
