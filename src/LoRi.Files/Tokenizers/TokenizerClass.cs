namespace LoRi.Files.Tokenizers;

/// <summary>
/// What a tokenizer class of <c>transformers</c> does beside following <c>tokenizer.json</c>: the special tokens that it has where no
/// file names others, and what it puts around a text.
/// </summary>
/// <param name="Name">Its name, without <c>Fast</c>.</param>
internal sealed record TokenizerClass(string Name)
{
    private const string EndOfText = "<|endoftext|>";

    private static readonly Dictionary<string, TokenizerClass> Known = new TokenizerClass[]
    {
        Plain,
        new("GPT2Tokenizer") { Defaults = { ["bos_token"] = EndOfText, ["eos_token"] = EndOfText, ["unk_token"] = EndOfText } },
        new("CodeGenTokenizer") { Defaults = { ["bos_token"] = EndOfText, ["eos_token"] = EndOfText, ["unk_token"] = EndOfText },
            RefusesFirst = true },
        new("Qwen2Tokenizer") { Defaults = { ["eos_token"] = EndOfText, ["unk_token"] = EndOfText, ["pad_token"] = EndOfText },
            NamesVerbatim = true },
        new("GPTNeoXTokenizer")
        {
            Defaults = { ["bos_token"] = EndOfText, ["eos_token"] = EndOfText, ["unk_token"] = EndOfText },
            OwnTemplate = true,
        },
        new("LlamaTokenizer")
        {
            Defaults = { ["bos_token"] = "<s>", ["eos_token"] = "</s>", ["unk_token"] = "<unk>" },
            OwnTemplate = true,
            AddsFirst = true,
            PrefixFromSlow = true,
        },
        new("CodeLlamaTokenizer")
        {
            Defaults = { ["bos_token"] = "<s>", ["eos_token"] = "</s>", ["unk_token"] = "<unk>" },
            Further = { ["prefix_token"] = "▁<PRE>", ["middle_token"] = "▁<MID>", ["suffix_token"] = "▁<SUF>", ["eot_token"] = "▁<EOT>" },
            OwnTemplate = true,
            AddsFirst = true,
        },
        new("GemmaTokenizer") { Defaults =
            { ["bos_token"] = "<bos>", ["eos_token"] = "<eos>", ["unk_token"] = "<unk>", ["pad_token"] = "<pad>" }, OwnTemplate = true,
            AddsFirst = true },
        new("CohereTokenizer")
        {
            Defaults = { ["bos_token"] = "<BOS_TOKEN>", ["eos_token"] = "<|END_OF_TURN_TOKEN|>", ["unk_token"] = "<UNK>" },
            OwnTemplate = true,
            AddsFirst = true,
        },
    }.ToDictionary(known => known.Name, StringComparer.Ordinal);

    /// <summary>The class that adds nothing to what files say.</summary>
    public static TokenizerClass Plain => new("PreTrainedTokenizer");

    /// <summary>Special tokens by their role, where no file names another or none.</summary>
    public Dictionary<string, string> Defaults { get; } = new(StringComparer.Ordinal);

    /// <summary>Settings of further special tokens, with their defaults.</summary>
    public Dictionary<string, string> Further { get; } = new(StringComparer.Ordinal);

    /// <summary>Whether <c>add_bos_token</c> and <c>add_eos_token</c> replace what the file adds around a text.</summary>
    public bool OwnTemplate { get; init; }

    /// <summary>Whether a text begins with the token for its beginning where no file says.</summary>
    public bool AddsFirst { get; init; }

    /// <summary>Whether <c>add_bos_token</c> is an error.</summary>
    public bool RefusesFirst { get; init; }

    /// <summary>
    /// Whether special tokens that are named by their texts alone are looked for in the text as given, whatever the file says.
    /// </summary>
    public bool NamesVerbatim { get; init; }

    /// <summary>Whether <c>add_prefix_space</c> makes the tokenizer anew from a sentencepiece model.</summary>
    public bool PrefixFromSlow { get; init; }

    /// <summary>The class of a name, or null where it is not known here.</summary>
    public static TokenizerClass? Find(string name) =>
        Known.GetValueOrDefault(name.EndsWith("Fast", StringComparison.Ordinal) ? name[..^"Fast".Length] : name);

    /// <summary>The class that the tokenizers of a <c>model_type</c> are of, where their folder names none.</summary>
    public static TokenizerClass? OfModel(string? type) => type switch
    {
        "llama" or "mistral" => Known["LlamaTokenizer"],
        "qwen2" or "qwen3" => Known["Qwen2Tokenizer"],
        "gpt2" => Known["GPT2Tokenizer"],
        _ => null,
    };
}
