using LoRi.Files.Settings;
using LoRi.Models.Decoders;
using LoRi.Runs.Settings;

namespace LoRi.Runs.Tasks;

/// <summary>The settings of a small model with fresh weights.</summary>
public static class FreshModelSettings
{
    private const int MostWidth = 16_384;

    /// <summary>The family.</summary>
    public static readonly Setting<DecoderFamily> Family = new(
        "family", "name", Forms.Choice<DecoderFamily>(
            ("llama", DecoderFamily.Llama), ("gpt2", DecoderFamily.Gpt2), ("qwen2", DecoderFamily.Qwen2), ("qwen3", DecoderFamily.Qwen3)),
            DecoderFamily.Llama, "family: {choices}");

    /// <summary>Width of the residual stream.</summary>
    public static readonly Setting<int> Width = new("width", "n", Forms.Whole(2, MostWidth), 64, "width of the residual stream");

    /// <summary>Decoder blocks.</summary>
    public static readonly Setting<int> Layers = new("layers", "n", Forms.Whole(1, 256), 3, "decoder blocks");

    /// <summary>Query heads.</summary>
    public static readonly Setting<int> Heads = new("heads", "n", Forms.Whole(1, 256), 4, "query heads");

    /// <summary>Key and value heads.</summary>
    public static readonly Setting<int?> KeyValueHeads =
        new("key_value_heads", "n", Forms.Whole(1, 256).Optional(), null, "key and value heads")
        {
            DefaultText = "as many as query heads",
        };

    /// <summary>Width inside the feed-forward half.</summary>
    public static readonly Setting<int?> Inner =
        new("inner_width", "n", Forms.Whole(1, 4 * MostWidth).Optional(), null, "width inside the feed-forward half")
        {
            DefaultText = "two and a half times the width, of gpt2 four times",
        };

    /// <summary>The longest sequence.</summary>
    public static readonly Setting<int> Positions = new("positions", "n", Forms.Whole(8, 1_048_576), 512, "longest sequence");

    /// <summary>Deviation of fresh weights.</summary>
    public static readonly Setting<double> Deviation =
        new("deviation", "number", Forms.Positive(10), 0.08, "deviation of the fresh matrices and tables");

    /// <summary>The tokenizer.</summary>
    public static readonly Setting<string?> Tokenizer = StageSettings.Tokenizer with
    {
        Required = "name the tokenizer that the model is made for",
        DefaultText = null,
    };

    /// <summary>The end of a sequence.</summary>
    public static readonly Setting<string?> EndToken =
        new("end_token", "text", Forms.Words!, null, "token that ends a sequence") { DefaultText = "what the tokenizer names eos_token" };

    /// <summary>The seed.</summary>
    public static readonly Setting<long> Seed = new("seed", "n", Forms.Seed, 0, "seed of the weights");

    /// <summary>The folder.</summary>
    public static readonly Setting<string> Output = StageSettings.Output with { Required = "name the folder to make" };

    private static readonly SettingRule heads = new(
        values => values.Get(Width) % values.Get(Heads) != 0 || values.Get(Width) / values.Get(Heads) % 2 != 0
            ? $"{Width.Flag} {values.Get(Width)} and {Heads.Flag} {values.Get(Heads)} contradict each other: the width must be an even "
                + "multiple of the heads"
            : values.Get(KeyValueHeads) is { } shared && values.Get(Heads) % shared != 0
            ? $"{KeyValueHeads.Flag} {shared} and {Heads.Flag} {values.Get(Heads)} contradict each other: the heads must be a multiple of "
                + "the key and value heads"
            : null,
        Width, Heads, KeyValueHeads);

    private static readonly SettingRule gpt2 = new(
        values => values.Get(Family) == DecoderFamily.Gpt2 && values.Get(KeyValueHeads) is { } shared && shared != values.Get(Heads)
            ? $"{KeyValueHeads.Flag} {shared} and {Family.Flag} gpt2 contradict each other: its heads share no keys; leave it out"
            : null,
        KeyValueHeads, Family);

    private static IReadOnlyList<Setting> Shape { get; } =
        [Family, Width, Layers, Heads, KeyValueHeads, Inner, Positions, Deviation];

    /// <summary>A model of an experiment.</summary>
    internal static CommandSettings OfMatrix { get; } = new("experiment", Shape) { Rules = [heads, gpt2] };

    /// <summary><c>lori model new</c>.</summary>
    public static CommandSettings New { get; } = new("model new", [.. Shape, Tokenizer, EndToken, Seed, Output, StageSettings.Json])
    {
        Rules = [heads, gpt2, StageSettings.OutputFolder("configuration, weights and tokenizer")],
    };
}
