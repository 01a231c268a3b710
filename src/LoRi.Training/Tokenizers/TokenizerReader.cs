using System.Text.Json;
using System.Text.Json.Nodes;

namespace LoRi.Training.Tokenizers;

/// <summary>Builds a tokenizer from the bytes of a <c>tokenizer.json</c>; a component that is not supported is an error that names it.</summary>
internal static class TokenizerReader
{
    /// <summary>Reads a file.</summary>
    public static TextTokenizer Read(string path, ReadOnlyMemory<byte> json, JsonObject config)
    {
        using JsonDocument document = JsonFile.Parse(path, json);
        try
        {
            return Build(path, json, config, new TokenizerJson(path, "", document.RootElement));
        }
        catch (InvalidOperationException e)
        {
            throw new InputException($"{path}: has text that is not valid Unicode ({e.Message}); the file is damaged", e);
        }
    }

    private static TextTokenizer Build(string path, ReadOnlyMemory<byte> json, JsonObject config, TokenizerJson root)
    {
        TokenizerJson model = root.Get("model");
        Dictionary<string, int> vocabulary = ReadVocabulary(model.Get("vocab"));
        PreTokenizer preTokenizer = PreTokenizerReader.Read(path, root.Find("pre_tokenizer"));
        (List<int> before, List<int> after) = ReadTemplate(root.Find("post_processor"));
        ITokenModel tokenModel = ReadModel(path, model, vocabulary, preTokenizer);
        TokenizerParts parts = new()
        {
            Path = path,
            Json = json,
            Config = config,
            Model = vocabulary,
            Normalize = ReadNormalizer(root.Find("normalizer")),
            PreTokenizer = preTokenizer,
            Cache = new PieceCache(tokenModel),
            Decoder = ReadDecoder(root.Find("decoder")),
            Before = before,
            After = after,
        };
        TextTokenizer tokenizer = new(parts, ReadAdded(root.Find("added_tokens")));
        int? unknown = before.Concat(after).Where(id => tokenizer.IdToToken(id) is null).Select(id => (int?)id).FirstOrDefault();
        return unknown is null ? tokenizer : throw root.Get("post_processor").Bad($"adds the id {unknown}, which no token has");
    }

    private static Dictionary<string, int> ReadVocabulary(TokenizerJson vocab)
    {
        if (vocab.Element.ValueKind != JsonValueKind.Object)
        {
            throw vocab.Unsupported("is not an object of tokens and ids");
        }

        Dictionary<string, int> vocabulary = new(vocab.Element.GetPropertyCount(), StringComparer.Ordinal);
        foreach (JsonProperty entry in vocab.Element.EnumerateObject())
        {
            bool valid = entry.Value.ValueKind == JsonValueKind.Number && entry.Value.TryGetInt32(out int id) && id is >= 0 and <= Vocabulary.LargestId;
            vocabulary[entry.Name] = valid
                ? entry.Value.GetInt32()
                : throw vocab.Bad($"has {MessageText.Quote(entry.Name)} with something other than an id from 0 to {Vocabulary.LargestId}");
        }

        return vocabulary;
    }

    private static List<AddedToken> ReadAdded(TokenizerJson? list)
    {
        List<AddedToken> added = [];
        foreach (TokenizerJson item in list?.Items() ?? [])
        {
            added.Add(new AddedToken(item.Get("id").AsId(), item.Text("content"))
            {
                Special = item.Flag("special", false),
                SingleWord = item.Flag("single_word", false),
                LeftStrip = item.Flag("lstrip", false),
                RightStrip = item.Flag("rstrip", false),
                Normalized = item.Flag("normalized", false),
            });
        }

        return added;
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

    private static TokenDecoder ReadDecoder(TokenizerJson? decoder) => decoder is not TokenizerJson present
        ? TokenDecoder.Spaced
        : present.Text("type") switch
        {
            "ByteLevel" => TokenDecoder.ByteLevel,
            "Fuse" => TokenDecoder.Fused,
            string other => throw present.Unsupported($"is of type {MessageText.Quote(other)}"),
        };

    private static ITokenModel ReadModel(string path, TokenizerJson model, Dictionary<string, int> vocabulary, PreTokenizer preTokenizer)
    {
        string type = model.Find("type")?.AsText() ?? "BPE";
        string? unknown = model.Find("unk_token")?.AsText();
        int? unknownId = unknown is not null && vocabulary.TryGetValue(unknown, out int id) ? id : null;
        if (type == "WordLevel")
        {
            return new WordLevelModel(path, vocabulary, unknownId, preTokenizer.ByteLevel);
        }

        if (type != "BPE" || !preTokenizer.ByteLevel)
        {
            throw model.Unsupported(type == "BPE" ? "is BPE without the ByteLevel pre-tokenizer" : $"is of type {MessageText.Quote(type)}");
        }

        CheckPlain(model);
        if (unknown is not null && unknownId is null)
        {
            throw model.Bad($"has the unk_token {MessageText.Quote(unknown)}, which its vocabulary lacks");
        }

        return new BpeModel(path, vocabulary, model.Get("merges").Items().Select(ReadMerge), unknownId, model.Flag("ignore_merges", false));
    }

    /// <summary>Refuses variants of byte-pair encoding that byte-level vocabularies do not use.</summary>
    private static void CheckPlain(TokenizerJson model)
    {
        foreach (string name in (string[])["continuing_subword_prefix", "end_of_word_suffix"])
        {
            if (model.Find(name) is TokenizerJson text && text.AsText().Length > 0)
            {
                throw text.Unsupported("is not empty");
            }
        }

        bool dropout = model.Find("dropout") is { Element: { ValueKind: JsonValueKind.Number } value } && value.GetDouble() != 0;
        if (dropout || model.Flag("byte_fallback", false) || model.Flag("fuse_unk", false))
        {
            throw model.Unsupported("has byte_fallback, fuse_unk or dropout");
        }
    }

    /// <summary>The two sides of a merge, written as <c>"a b"</c> or as <c>["a", "b"]</c>.</summary>
    private static (string Left, string Right) ReadMerge(TokenizerJson merge)
    {
        string[] sides = merge.Element.ValueKind == JsonValueKind.Array ? [.. merge.Items().Select(side => side.AsText())] : merge.AsText().Split(' ');
        return sides.Length == 2 ? (sides[0], sides[1]) : throw merge.Bad($"has {sides.Length} sides");
    }

    private static (List<int> Before, List<int> After) ReadTemplate(TokenizerJson? processor)
    {
        List<int> before = [], after = [];
        if (processor is not TokenizerJson present)
        {
            return (before, after);
        }

        switch (present.Text("type"))
        {
            case "ByteLevel":
                break;
            case "Sequence":
                foreach (TokenizerJson item in present.Get("processors").Items())
                {
                    (List<int> first, List<int> last) = ReadTemplate(item);
                    before.InsertRange(0, first);
                    after.AddRange(last);
                }

                break;
            case "TemplateProcessing":
                ReadTemplate(present, before, after);
                break;
            case string other:
                throw present.Unsupported($"is of type {MessageText.Quote(other)}");
        }

        return (before, after);
    }

    private static void ReadTemplate(TokenizerJson template, List<int> before, List<int> after)
    {
        bool textSeen = false;
        foreach (TokenizerJson item in template.Get("single").Items())
        {
            if (item.Find("SpecialToken") is TokenizerJson special)
            {
                IEnumerable<int> ids = template.Get("special_tokens").Get(special.Text("id")).Get("ids").Items().Select(id => id.AsId());
                (textSeen ? after : before).AddRange(ids);
            }
            else if (!textSeen && item.Get("Sequence").Text("id") == "A")
            {
                textSeen = true;
            }
            else
            {
                throw item.Unsupported("is neither a special token nor the one text");
            }
        }

        if (!textSeen)
        {
            throw template.Unsupported("has no place for the text");
        }
    }
}
