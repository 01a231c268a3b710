using LoRi.Files;

namespace LoRi.Models.Decoders;

/// <summary>Reads the <c>config.json</c> of every family.</summary>
internal static class DecoderConfigReader
{
    private static readonly Dictionary<string, (DecoderFamily Family, string Architecture)> Known = new(StringComparer.Ordinal)
    {
        ["llama"] = (DecoderFamily.Llama, "LlamaForCausalLM"),
        ["mistral"] = (DecoderFamily.Mistral, "MistralForCausalLM"),
        ["qwen2"] = (DecoderFamily.Qwen2, "Qwen2ForCausalLM"),
        ["qwen3"] = (DecoderFamily.Qwen3, "Qwen3ForCausalLM"),
        ["gpt2"] = (DecoderFamily.Gpt2, "GPT2LMHeadModel"),
    };

    /// <summary>The <c>model_type</c> and the architecture of a family.</summary>
    public static (string ModelType, string Architecture) NamesOf(DecoderFamily family) =>
        Known.Where(pair => pair.Value.Family == family).Select(pair => (pair.Key, pair.Value.Architecture)).Single();

    public static DecoderConfig Read(ConfigFields fields, string source)
    {
        var family = FamilyOf(fields, source);
        if (fields.HasValue("quantization_config"))
        {
            throw new InputException(
                $"{source}: quantization_config is given; quantised Hub folders are not supported, use the unquantised model or a GGUF "
                + "file");
        }

        var config = family == DecoderFamily.Gpt2 ? Gpt2(fields) : Rotary(fields, family);
        Check(config, source);
        return config with
        {
            BosId = fields.Ids("bos_token_id").Select(id => (int?)id).FirstOrDefault(),
            EosIds = fields.Ids("eos_token_id"),
            PadId = fields.IdOrNone("pad_token_id"),
        };
    }

    private static DecoderFamily FamilyOf(ConfigFields fields, string source)
    {
        var type = fields.Text("model_type");
        if (type is null || !Known.TryGetValue(type, out var known))
        {
            throw new InputException(
                $"{source}: model_type is {(type is null ? "absent" : $"'{type}'")}, which is not supported; supported "
                + $"are {string.Join(", ", Known.Keys)}");
        }

        if (fields.Texts("architectures") is { Count: > 0 } architectures && !architectures.Contains(known.Architecture))
        {
            throw new InputException(
                $"{source}: architectures is '{string.Join("', '", architectures)}', which is not supported; a {type} model must be "
                + $"a {known.Architecture}");
        }

        return known.Family;
    }

    private static DecoderConfig Gpt2(ConfigFields fields)
    {
        fields.RequireText("activation_function", "gelu_new", "gelu_pytorch_tanh");
        fields.RequireFlag("scale_attn_weights", true);
        fields.RequireAbsentOrFalse("scale_attn_by_inverse_layer_idx");
        fields.RequireAbsentOrFalse("add_cross_attention");
        int hidden = fields.Integer("n_embd"), heads = fields.Integer("n_head");
        return new DecoderConfig
        {
            Family = DecoderFamily.Gpt2,
            HiddenSize = hidden,
            IntermediateSize = fields.Integer("n_inner", 4 * hidden),
            Layers = fields.Integer("n_layer"),
            QueryHeads = heads,
            KeyValueHeads = heads,
            HeadSize = hidden / heads,
            VocabularySize = fields.Integer("vocab_size"),
            NormEpsilon = fields.Number("layer_norm_epsilon"),
            RotaryBase = 0,
            TiedHead = fields.Flag("tie_word_embeddings", true),
            MaxPositions = fields.Integer("n_positions"),
            QueryKeyValueBias = true,
            OutputBias = true,
            FeedForwardBias = true,
        };
    }

    private static DecoderConfig Rotary(ConfigFields fields, DecoderFamily family)
    {
        fields.RequireText("hidden_act", "silu", "swish");
        fields.RequireAbsentOrFalse("rope_interleaved");
        fields.RequireAbsentOrFalse("use_mrope");
        int hidden = fields.Integer("hidden_size"), heads = fields.Integer("num_attention_heads"), positions =
            fields.Integer("max_position_embeddings");
        var notes = new List<string>();
        var (rotaryBase, scaling) = RotaryReader.Read(fields, family, positions, notes);
        var bias = family is DecoderFamily.Llama or DecoderFamily.Qwen3 && fields.Flag("attention_bias", false);
        var config = new DecoderConfig
        {
            Family = family,
            HiddenSize = hidden,
            IntermediateSize = fields.Integer("intermediate_size"),
            Layers = fields.Integer("num_hidden_layers"),
            QueryHeads = heads,
            KeyValueHeads = fields.Integer("num_key_value_heads", heads),
            HeadSize = family == DecoderFamily.Qwen3 ? fields.Integer("head_dim") : fields.Integer("head_dim", hidden / heads),
            VocabularySize = fields.Integer("vocab_size"),
            NormEpsilon = fields.Number("rms_norm_eps"),
            RotaryBase = rotaryBase,
            TiedHead = fields.Flag("tie_word_embeddings", false),
            MaxPositions = positions,
            Scaling = scaling,
            QueryKeyValueBias = bias || family == DecoderFamily.Qwen2,
            OutputBias = bias,
            FeedForwardBias = family == DecoderFamily.Llama && fields.Flag("mlp_bias", false),
        };
        return WindowReader.Read(fields, config, notes) with { Notes = notes };
    }

    private static void Check(DecoderConfig config, string source)
    {
        if (config.QueryHeads % config.KeyValueHeads != 0)
        {
            throw new InputException(
                $"{source}: num_attention_heads ({config.QueryHeads}) is not a multiple of num_key_value_heads ({config.KeyValueHeads})");
        }

        if (config.HeadSize < 1)
        {
            throw new InputException(
                $"{source}: there are more heads ({config.QueryHeads}) than the {config.HiddenSize} values of a state; correct the numbers "
                + "of heads, or give head_dim");
        }

        if (config.LearnedPositions && config.HiddenSize % config.QueryHeads != 0)
        {
            throw new InputException($"{source}: n_embd ({config.HiddenSize}) is not a multiple of n_head ({config.QueryHeads})");
        }

        if (!config.LearnedPositions && config.HeadSize % 2 != 0)
        {
            throw new InputException($"{source}: head_dim is {config.HeadSize}; rotary angles need an even head size");
        }

        if (config.Scaling?.Divisors is { } divisors && divisors.Values.Count != config.HeadSize / 2)
        {
            throw new InputException(
                $"{source}: the rotary scaling has {divisors.Values.Count} factors, but a head of {config.HeadSize} "
                + $"has {config.HeadSize / 2} frequencies");
        }
    }
}
