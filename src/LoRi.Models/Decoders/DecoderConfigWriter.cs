using System.Globalization;
using System.Text.Json.Nodes;

namespace LoRi.Models.Decoders;

/// <summary>Writes a <c>config.json</c> in the classic form of its family, which old and new versions of the Hub's tools read.</summary>
internal static class DecoderConfigWriter
{
    private const double MostWhole = 1e15;

    public static JsonObject Write(DecoderConfig config)
    {
        var (type, architecture) = DecoderConfigReader.NamesOf(config.Family);
        var json = new JsonObject { ["architectures"] = new JsonArray(architecture), ["model_type"] = type };
        var shape = config.Family == DecoderFamily.Gpt2 ? Gpt2(config) : Rotary(config);
        foreach (var (name, value) in shape.Concat(Common(config)).ToArray())
        {
            json[name] = value?.DeepClone();
        }

        if (config.PadId < config.VocabularySize)
        {
            json["pad_token_id"] = config.PadId;
        }

        return json;
    }

    private static JsonObject Common(DecoderConfig config) => new()
    {
        ["vocab_size"] = config.VocabularySize,
        ["tie_word_embeddings"] = config.TiedHead,
        ["bos_token_id"] = config.BosId,
        ["eos_token_id"] = config.EosIds.Count == 1 ? config.EosIds[0] : new JsonArray([.. config.EosIds.Select(id => (JsonNode)id)]),
        ["torch_dtype"] = "float32",
    };

    private static JsonObject Gpt2(DecoderConfig config) => new()
    {
        ["activation_function"] = "gelu_new",
        ["n_embd"] = config.HiddenSize,
        ["n_inner"] = config.IntermediateSize == 4 * config.HiddenSize ? null : config.IntermediateSize,
        ["n_layer"] = config.Layers,
        ["n_head"] = config.QueryHeads,
        ["layer_norm_epsilon"] = config.NormEpsilon,
        ["n_positions"] = config.MaxPositions,
        ["n_ctx"] = config.MaxPositions,
        ["attn_pdrop"] = 0.0,
        ["embd_pdrop"] = 0.0,
        ["resid_pdrop"] = 0.0,
    };

    private static JsonObject Rotary(DecoderConfig config)
    {
        var json = new JsonObject
        {
            ["hidden_act"] = "silu",
            ["hidden_size"] = config.HiddenSize,
            ["intermediate_size"] = config.IntermediateSize,
            ["num_hidden_layers"] = config.Layers,
            ["num_attention_heads"] = config.QueryHeads,
            ["num_key_value_heads"] = config.KeyValueHeads,
            ["head_dim"] = config.HeadSize,
            ["rms_norm_eps"] = config.NormEpsilon,
            ["rope_theta"] = config.RotaryBase,
            ["rope_scaling"] = config.Scaling is null ? null : Scaling(config.Scaling, config.MaxPositions),
            ["max_position_embeddings"] = config.MaxPositions,
        };
        var own = config.Family switch
        {
            DecoderFamily.Llama => new JsonObject { ["attention_bias"] = config.OutputBias, ["mlp_bias"] = config.FeedForwardBias },
            DecoderFamily.Mistral => new JsonObject { ["sliding_window"] = config.SlidingWindow },
            _ => Qwen(config),
        };
        foreach (var (name, value) in own.ToArray())
        {
            json[name] = value?.DeepClone();
        }

        return json;
    }

    private static JsonObject Qwen(DecoderConfig config)
    {
        var windowed = config.SlidingWindow is not null;
        var sliding = Enumerable.Range(0, config.Layers).Select(layer => config.WindowOf(layer) is not null).ToArray();
        var json = new JsonObject
        {
            ["use_sliding_window"] = windowed,
            ["sliding_window"] = config.SlidingWindow,
            ["max_window_layers"] = windowed ? Array.FindLastIndex(sliding, full => !full) + 1 : config.Layers,
        };
        if (windowed)
        {
            json["layer_types"] = new JsonArray([.. sliding.Select(slides => (JsonNode)(slides ? "sliding_attention" : "full_attention"))]);
        }

        if (config.Family == DecoderFamily.Qwen3)
        {
            json["attention_bias"] = config.OutputBias;
        }

        return json;
    }

    private static JsonObject Scaling(RotaryScaling scaling, int positions)
    {
        var name = scaling.Kind == RotaryScalingKind.Divided ? "longrope" : scaling.Kind.ToString().ToLowerInvariant();
        var json = new JsonObject { ["rope_type"] = name, ["factor"] = Real(scaling.Factor) };
        switch (scaling.Kind)
        {
            case RotaryScalingKind.Llama3:
                json["low_freq_factor"] = Real(scaling.LowFrequencyFactor);
                json["high_freq_factor"] = Real(scaling.HighFrequencyFactor);
                json["original_max_position_embeddings"] = scaling.OriginalPositions;
                break;
            case RotaryScalingKind.Yarn:
                json["original_max_position_embeddings"] = scaling.OriginalPositions;
                json["attention_factor"] = Real(scaling.AttentionFactor);
                json["beta_fast"] = Real(scaling.BetaFast);
                json["beta_slow"] = Real(scaling.BetaSlow);
                json["truncate"] = scaling.Truncate;
                break;
            case RotaryScalingKind.Divided:
                json["original_max_position_embeddings"] = positions;
                json["attention_factor"] = Real(1);
                json["short_factor"] = new JsonArray([.. scaling.Divisors!.Values.Select(value => (JsonNode)value)]);
                json["long_factor"] = json["short_factor"]!.DeepClone();
                break;
            default:
                break;
        }

        return json;
    }

    /// <summary>A number with a decimal point: the Hub's tools warn of factors that are whole numbers.</summary>
    private static JsonNode? Real(double? value) =>
        value is { } number && number == System.Math.Floor(number) && System.Math.Abs(number) < MostWhole
            ? JsonNode.Parse(number.ToString("F1", CultureInfo.InvariantCulture))
            : value;
}
