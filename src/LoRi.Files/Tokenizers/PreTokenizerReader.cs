using LoRi.Files.Text;

namespace LoRi.Files.Tokenizers;

/// <summary>Builds the steps of a pre-tokenizer.</summary>
internal static class PreTokenizerReader
{
    /// <summary>Reads the <c>pre_tokenizer</c> of a file; without one the whole text is one piece.</summary>
    /// <param name="path">The file, for errors.</param>
    /// <param name="preTokenizer">The component.</param>
    /// <param name="prefixSpace">Whether a lone byte-level step puts a space before a text, where that is said elsewhere.</param>
    public static PreTokenizer Read(string path, TokenizerJson? preTokenizer, bool? prefixSpace)
    {
        var alone = preTokenizer?.Text("type") == "ByteLevel";
        List<PreTokenizerStep> steps = [];
        bool byteLevel = false, prefix = false;
        foreach (var part in preTokenizer?.Parts("pretokenizers") ?? [])
        {
            var type = part.Text("type");
            if (byteLevel)
            {
                throw part.Unsupported($"is {MessageText.Quote(type)} after ByteLevel");
            }

            byteLevel = type == "ByteLevel";
            prefix = byteLevel && ((alone ? prefixSpace : null) ?? part.Flag("add_prefix_space", true));
            if (prefix && steps.Count > 0)
            {
                throw part.Unsupported("has add_prefix_space after another step");
            }

            steps.AddRange(ReadSteps(path, part, type));
        }

        return new PreTokenizer(steps, byteLevel, prefix);
    }

    private static PreTokenizerStep[] ReadSteps(string path, TokenizerJson part, string type) => type switch
    {
        "ByteLevel" when !part.Flag("use_regex", true) => [],
        "ByteLevel" => [new RegexStep(path, RegexStep.Gpt2Pattern)],
        "Digits" => [new DigitsStep(part.Flag("individual_digits", false))],
        "Split" => [ReadSplit(path, part)],
        _ => throw part.Unsupported($"is of type {MessageText.Quote(type)}"),
    };

    private static RegexStep ReadSplit(string path, TokenizerJson split)
    {
        var pattern = split.Get("pattern");
        var expression = pattern.Find("Regex")?.AsText();
        var behavior = split.Text("behavior");
        return Enum.GetNames<SplitBehavior>().Contains(behavior)
            ? new RegexStep(path, expression ?? pattern.Text("String"), Enum.Parse<SplitBehavior>(behavior), split.Flag("invert", false),
                literal: expression is null)
            : throw split.Unsupported($"has the behavior {MessageText.Quote(behavior)}");
    }
}
