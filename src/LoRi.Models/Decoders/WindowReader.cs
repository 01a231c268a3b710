namespace LoRi.Models.Decoders;

/// <summary>Reads which blocks attend to a sliding window, and how wide it is.</summary>
internal static class WindowReader
{
    private const string Window = "sliding_window", Sliding = "sliding_attention", Full = "full_attention";
    private const int MistralWindow = 4096;

    public static DecoderConfig Read(ConfigFields fields, DecoderConfig config, List<string> notes)
    {
        var listed = Layers(fields, config.Layers);
        switch (config.Family)
        {
            case DecoderFamily.Mistral:
                return Mistral(fields, config, listed, notes);
            case DecoderFamily.Qwen2 or DecoderFamily.Qwen3 when fields.Flag("use_sliding_window", false):
                return Qwen(fields, config, listed);
            default:
                return listed?.Contains(true) == true
                    ? throw fields.Unsupported("layer_types", $"'{Full}' without a sliding window in force")
                    : config;
        }
    }

    private static DecoderConfig Mistral(ConfigFields fields, DecoderConfig config, IReadOnlyList<bool>? listed, List<string> notes)
    {
        if (!fields.Has(Window))
        {
            notes.Add($"config.json has no {Window}; {MistralWindow} is taken, as the family's first models have it");
        }

        int? window = fields.Has(Window) && !fields.HasValue(Window) ? null : fields.Integer(Window, MistralWindow);
        return listed is null || listed.All(sliding => sliding == (window is not null))
            ? config with { SlidingWindow = window }
            : throw fields.Unsupported("layer_types",
                $"'{Sliding}' in every block where there is a {Window}, and '{Full}' where there is none,");
    }

    /// <summary>With a window in force, blocks from <c>max_window_layers</c> on have it, unless <c>layer_types</c> says which.</summary>
    private static DecoderConfig Qwen(ConfigFields fields, DecoderConfig config, IReadOnlyList<bool>? listed)
    {
        if (fields.Has(Window) && !fields.HasValue(Window))
        {
            return listed?.Contains(true) == true
                ? throw fields.Unsupported(Window, $"a number where layer_types has '{Sliding}'")
                : config;
        }

        var window = fields.Integer(Window);
        var sliding = listed ?? From(fields.Whole("max_window_layers"), config.Layers);
        return sliding.Contains(true) ? config with { SlidingWindow = window, SlidingLayers = sliding } : config;
    }

    private static bool[] From(int first, int layers) => [.. Enumerable.Range(0, layers).Select(layer => layer >= first)];

    private static IReadOnlyList<bool>? Layers(ConfigFields fields, int layers)
    {
        var types = fields.Texts("layer_types");
        if (types is null)
        {
            return null;
        }

        return types.Count == layers && types.All(type => type is Sliding or Full)
            ? [.. types.Select(type => type == Sliding)]
            : throw fields.Unsupported("layer_types", $"a list of {layers} times '{Full}' or '{Sliding}'");
    }
}
