using System.Text.Json.Nodes;
using LoRi.Files;
using LoRi.Files.Disk;
using LoRi.Files.Settings;
using LoRi.Files.Text;
using LoRi.Files.Tokenizers;
using LoRi.Models.Decoders;
using LoRi.Models.ModelFiles;
using static TorchSharp.torch;

namespace LoRi.Runs.Tasks;

/// <summary>Small models with fresh weights: folders like those of any checkpoint, to teach from nothing.</summary>
public static class FreshModel
{
    private const double NormEpsilon = 1e-5;
    private const double RotaryBase = 10_000;

    /// <summary>Makes a model and writes it with its tokenizer.</summary>
    /// <param name="folder">The folder; it must be empty, or not there.</param>
    /// <param name="settings">Those of <see cref="FreshModelSettings"/>.</param>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="seed">Seed of the weights.</param>
    /// <returns>How many weights it has.</returns>
    /// <exception cref="InputException">The folder holds something, or the tokenizer has no end of a sequence.</exception>
    public static long Write(string folder, SettingValues settings, TextTokenizer tokenizer, long seed)
    {
        ArgumentNullException.ThrowIfNull(folder);
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(tokenizer);
        var end = EndOf(tokenizer, settings.Get(FreshModelSettings.EndToken));
        using var model = new ReasoningModel(
            Shape(settings, tokenizer.VocabularySize, end), 0, new SpecialIds(-1, -1, end),
            new FeedbackProjection(ProjectionKind.Identity, 0), Precision.Full, CPU);
        Initialisation.Fresh(model, settings.Get(FreshModelSettings.Deviation), seed);
        AtomicFolder.Write(folder, partial => ModelWriter.Write(partial, model, card: null, tokenizer));
        return model.Parameters.Values.numel();
    }

    private static int EndOf(TextTokenizer tokenizer, string? named)
    {
        var text = named ?? Named(tokenizer.SpecialTokens["eos_token"] ?? tokenizer.Config["eos_token"])
            ?? throw new InputException($"{tokenizer.Path}: names no eos_token; name the token that ends a sequence with "
                + FreshModelSettings.EndToken.Flag);
        return tokenizer.TokenToId(text)
            ?? throw new InputException($"{FreshModelSettings.EndToken.Flag} {MessageText.Quote(text)}: {tokenizer.Path} has no such "
                + "token; name one that it has");
    }

    /// <summary>The text of a token, which stands alone or in an object with its properties.</summary>
    private static string? Named(JsonNode? token) =>
        token is JsonObject whole ? Named(whole["content"])
            : token is JsonValue value && value.TryGetValue<string>(out var text) ? text
            : null;

    private static DecoderConfig Shape(SettingValues settings, int vocabulary, int end)
    {
        var (family, width, heads) = (settings.Get(FreshModelSettings.Family), settings.Get(FreshModelSettings.Width),
            settings.Get(FreshModelSettings.Heads));
        var isGpt2 = family == DecoderFamily.Gpt2;
        return new DecoderConfig
        {
            Family = family,
            HiddenSize = width,
            IntermediateSize = settings.Get(FreshModelSettings.Inner) ?? (isGpt2 ? 4 * width : 5 * width / 2),
            Layers = settings.Get(FreshModelSettings.Layers),
            QueryHeads = heads,
            KeyValueHeads = settings.Get(FreshModelSettings.KeyValueHeads) ?? heads,
            HeadSize = width / heads,
            VocabularySize = vocabulary,
            NormEpsilon = NormEpsilon,
            RotaryBase = RotaryBase,
            TiedHead = true,
            MaxPositions = settings.Get(FreshModelSettings.Positions),
            QueryKeyValueBias = isGpt2 || family == DecoderFamily.Qwen2,
            OutputBias = isGpt2,
            FeedForwardBias = isGpt2,
            EosIds = [end],
        };
    }
}
