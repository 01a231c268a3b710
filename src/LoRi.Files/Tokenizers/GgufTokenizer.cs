using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using LoRi.Files.Gguf;
using LoRi.Files.Text;

namespace LoRi.Files.Tokenizers;

/// <summary>Writes the vocabulary of a GGUF file as the <c>tokenizer.json</c> that it stands for, and loads that.</summary>
internal static class GgufTokenizer
{
    private const int Control = 3, UserDefined = 4;

    private const string LlamaPattern =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    private const string QwenPattern =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    /// <summary>Loads the vocabulary of an open file, which can be closed afterwards.</summary>
    /// <exception cref="InputException">There is none, it is malformed, or of a kind that is not supported.</exception>
    public static TextTokenizer Load(GgufFile file)
    {
        ArgumentNullException.ThrowIfNull(file);
        var model = file.FindString("tokenizer.ggml.model");
        if (model != "gpt2")
        {
            throw new InputException(
                $"{file.Path}: tokenizer.ggml.model is {MessageText.Quote(model ?? "")}; only gpt2 is supported, give the model's "
                + "tokenizer.json with --tokenizer");
        }

        var tokens = Required(file, "tokenizer.ggml.tokens", file.FindArray<string>("tokenizer.ggml.tokens"));
        using MemoryStream stream = new();
        using (Utf8JsonWriter json = new(stream, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            Write(json, file, tokens);
        }

        var config = BuildConfig(file, tokens);
        TemplateFiles.Add(file.Path, config);
        return TokenizerReader.Read(file.Path, stream.ToArray(), TokenizerFolder.Of(config));
    }

    private static void Write(Utf8JsonWriter json, GgufFile file, string[] tokens)
    {
        var pre = file.FindString("tokenizer.ggml.pre") switch { "llama3" or "llama-v3" => "llama-bpe", var named => named ?? "" };
        var types = file.FindArray<int>("tokenizer.ggml.token_type") ?? new int[tokens.Length];
        if (types.Length != tokens.Length)
        {
            throw new InputException(
                $"{file.Path}: tokenizer.ggml.token_type has {types.Length} entries for {tokens.Length} tokens; the file is damaged");
        }

        json.WriteStartObject();
        json.WriteString("version", "1.0");
        json.WriteNull("truncation");
        json.WriteNull("padding");
        WriteAdded(json, tokens, types);
        WriteComponents(json, file, pre);
        WriteTemplate(json, file, tokens, pre);
        WriteModel(json, file, tokens, ignoreMerges: pre is "llama-bpe");
        json.WriteEndObject();
    }

    private static void WriteAdded(Utf8JsonWriter json, string[] tokens, int[] types)
    {
        json.WriteStartArray("added_tokens");
        for (var id = 0; id < tokens.Length; id++)
        {
            if (types[id] is Control or UserDefined)
            {
                json.WriteStartObject();
                json.WriteNumber("id", id);
                json.WriteString("content", tokens[id]);
                json.WriteBoolean("single_word", false);
                json.WriteBoolean("lstrip", false);
                json.WriteBoolean("rstrip", false);
                json.WriteBoolean("normalized", false);
                json.WriteBoolean("special", types[id] == Control);
                json.WriteEndObject();
            }
        }

        json.WriteEndArray();
    }

    private static void WriteComponents(Utf8JsonWriter json, GgufFile file, string pre)
    {
        const string ByteLevel = """{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true}""";
        const string ByteLevelPlain = """{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":false}""";
        static string Split(string pattern) =>
            $$"""{"type":"Split","pattern":{"Regex":{{JsonSerializer.Serialize(pattern)}}},"behavior":"Isolated","invert":false}""";
        static string Sequence(string first, string second) => $$"""{"type":"Sequence","pretokenizers":[{{first}},{{second}}]}""";

        json.WritePropertyName("normalizer");
        json.WriteRawValue(pre == "qwen2" ? """{"type":"NFC"}""" : "null");
        json.WritePropertyName("pre_tokenizer");
        json.WriteRawValue(pre switch
        {
            "gpt-2" => ByteLevel,
            "smollm" => Sequence("""{"type":"Digits","individual_digits":true}""", ByteLevel),
            "llama-bpe" => Sequence(Split(LlamaPattern), ByteLevelPlain),
            "qwen2" => Sequence(Split(QwenPattern), ByteLevelPlain),
            _ => throw new InputException(
                $"{file.Path}: tokenizer.ggml.pre is {MessageText.Quote(pre)}; only gpt-2, smollm, llama-bpe and qwen2 are supported, give "
                + "the model's tokenizer.json with --tokenizer"),
        });
        json.WritePropertyName("decoder");
        json.WriteRawValue("""{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,"use_regex":true}""");
    }

    private static void WriteTemplate(Utf8JsonWriter json, GgufFile file, string[] tokens, string pre)
    {
        var first = file.FindBool("tokenizer.ggml.add_bos_token") ?? pre == "llama-bpe";
        var last = file.FindBool("tokenizer.ggml.add_eos_token") ?? false;
        if (!first && !last)
        {
            json.WriteNull("post_processor");
            return;
        }

        JsonObject special = [];
        JsonArray around = [];
        var begin = first ? AddSpecial("tokenizer.ggml.bos_token_id") : null;
        var end = last ? AddSpecial("tokenizer.ggml.eos_token_id") : null;
        AddText(around, begin, "A", end, 0);
        var pair = (JsonArray)around.DeepClone();
        AddText(pair, begin, "B", end, 1);
        json.WritePropertyName("post_processor");
        new JsonObject { ["type"] = "TemplateProcessing", ["single"] = around, ["pair"] = pair, ["special_tokens"] = special }.WriteTo(
            json);

        string AddSpecial(string key)
        {
            var id = TokenId(file, key, tokens)
                ?? throw new InputException($"{file.Path}: {key} is needed but missing; the file is incomplete");
            special[tokens[id]] =
                new JsonObject { ["id"] = tokens[id], ["ids"] = new JsonArray(id), ["tokens"] = new JsonArray(tokens[id]) };
            return tokens[id];
        }
    }

    private static void AddText(JsonArray template, string? begin, string text, string? end, int type)
    {
        foreach ((var kind, var id) in ((string, string?)[])[("SpecialToken", begin), ("Sequence", text), ("SpecialToken", end)])
        {
            if (id is not null)
            {
                template.Add(new JsonObject { [kind] = new JsonObject { ["id"] = id, ["type_id"] = type } });
            }
        }
    }

    private static void WriteModel(Utf8JsonWriter json, GgufFile file, string[] tokens, bool ignoreMerges)
    {
        json.WriteStartObject("model");
        json.WriteString("type", "BPE");
        json.WriteNull("dropout");
        json.WriteNull("unk_token");
        json.WriteNull("continuing_subword_prefix");
        json.WriteNull("end_of_word_suffix");
        json.WriteBoolean("fuse_unk", false);
        json.WriteBoolean("byte_fallback", false);
        json.WriteBoolean("ignore_merges", ignoreMerges);
        json.WriteStartObject("vocab");
        for (var id = 0; id < tokens.Length; id++)
        {
            json.WriteNumber(tokens[id], id);
        }

        json.WriteEndObject();
        json.WriteStartArray("merges");
        foreach (var merge in Required(file, "tokenizer.ggml.merges", file.FindArray<string>("tokenizer.ggml.merges")))
        {
            json.WriteStringValue(merge);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static JsonObject BuildConfig(GgufFile file, string[] tokens)
    {
        JsonObject config = new() { ["tokenizer_class"] = "PreTrainedTokenizerFast" };
        foreach ((var name, var key) in ((string, string)[])[
            ("bos_token", "tokenizer.ggml.bos_token_id"), ("eos_token", "tokenizer.ggml.eos_token_id"),
            ("pad_token", "tokenizer.ggml.padding_token_id"), ("unk_token", "tokenizer.ggml.unknown_token_id")])
        {
            if (TokenId(file, key, tokens) is int id)
            {
                config[name] = tokens[id];
            }
        }

        if (file.FindString("tokenizer.chat_template") is string template)
        {
            config["chat_template"] = template;
        }

        return config;
    }

    private static int? TokenId(GgufFile file, string key, string[] tokens)
    {
        var id = file.FindInteger(key);
        return id is null or >= 0 && !(id >= tokens.Length)
            ? (int?)id
            : throw new InputException($"{file.Path}: {key} is {id} but there are {tokens.Length} tokens; the file is damaged");
    }

    private static T Required<T>(GgufFile file, string key, T? value)
        where T : class =>
        value ?? throw new InputException(
            $"{file.Path}: the metadata has no {key}, which the vocabulary needs; give the model's tokenizer.json with --tokenizer");
}
