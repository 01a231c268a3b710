using System.Text.Json.Nodes;

namespace LoRi.Training.Models;

/// <summary>The shape of a Llama-style decoder, as a Hub <c>config.json</c> states it.</summary>
public sealed record DecoderConfig
{
    /// <summary>Width of the residual stream (<c>hidden_size</c>, d).</summary>
    public required int HiddenSize { get; init; }

    /// <summary>Width inside the SwiGLU block (<c>intermediate_size</c>).</summary>
    public required int IntermediateSize { get; init; }

    /// <summary>Number of decoder blocks (<c>num_hidden_layers</c>, L).</summary>
    public required int Layers { get; init; }

    /// <summary>Query heads (<c>num_attention_heads</c>).</summary>
    public required int QueryHeads { get; init; }

    /// <summary>Key/value heads (<c>num_key_value_heads</c>); divides the query heads.</summary>
    public required int KeyValueHeads { get; init; }

    /// <summary>Width of one head (<c>head_dim</c>; hidden size over query heads where the file has none).</summary>
    public required int HeadSize { get; init; }

    /// <summary>Rows of the embedding table (<c>vocab_size</c>).</summary>
    public required int VocabularySize { get; init; }

    /// <summary>Epsilon of the RMS norms (<c>rms_norm_eps</c>).</summary>
    public required double NormEpsilon { get; init; }

    /// <summary>Base of the rotary angles (<c>rope_theta</c>).</summary>
    public required double RotaryBase { get; init; }

    /// <summary>Whether the output matrix is the embedding table (<c>tie_word_embeddings</c>).</summary>
    public required bool TiedHead { get; init; }

    /// <summary>Longest sequence the checkpoint was made for (<c>max_position_embeddings</c>).</summary>
    public required int MaxPositions { get; init; }

    /// <summary>Beginning-of-sequence id, where the model has one.</summary>
    public int? BosId { get; init; }

    /// <summary>End-of-sequence ids, in the file's order; may be empty.</summary>
    public IReadOnlyList<int> EosIds { get; init; } = [];

    /// <summary>Reads and checks a <c>config.json</c>; <paramref name="source"/> names it in errors.</summary>
    /// <exception cref="InputException">A field that matters is missing, of the wrong type or not supported.</exception>
    public static DecoderConfig FromJson(JsonObject json, string source)
    {
        var fields = new ConfigFields(json, source);
        fields.RequireText("model_type", "llama");
        fields.RequireText("hidden_act", "silu");
        fields.RequireAbsentOrFalse("attention_bias");
        fields.RequireAbsentOrFalse("mlp_bias");
        var (rotaryBase, scaling) = fields.Rotary();
        if (scaling is not null and not "default")
        {
            throw new InputException($"{source}: rope scaling '{scaling}' is not supported; only models without scaling can be loaded");
        }

        var hidden = fields.Integer("hidden_size");
        var heads = fields.Integer("num_attention_heads");
        var config = new DecoderConfig
        {
            HiddenSize = hidden,
            IntermediateSize = fields.Integer("intermediate_size"),
            Layers = fields.Integer("num_hidden_layers"),
            QueryHeads = heads,
            KeyValueHeads = fields.Integer("num_key_value_heads", heads),
            HeadSize = fields.Integer("head_dim", hidden / heads),
            VocabularySize = fields.Integer("vocab_size"),
            NormEpsilon = fields.Number("rms_norm_eps"),
            RotaryBase = rotaryBase,
            TiedHead = fields.Flag("tie_word_embeddings", false),
            MaxPositions = fields.Integer("max_position_embeddings"),
            BosId = fields.Ids("bos_token_id").Select(id => (int?)id).FirstOrDefault(),
            EosIds = fields.Ids("eos_token_id"),
        };
        config.Check(source);
        return config;
    }

    /// <summary>The same facts as a Hub <c>config.json</c> in the classic form.</summary>
    public JsonObject ToJson() => new()
    {
        ["architectures"] = new JsonArray("LlamaForCausalLM"),
        ["model_type"] = "llama",
        ["hidden_act"] = "silu",
        ["attention_bias"] = false,
        ["mlp_bias"] = false,
        ["hidden_size"] = HiddenSize,
        ["intermediate_size"] = IntermediateSize,
        ["num_hidden_layers"] = Layers,
        ["num_attention_heads"] = QueryHeads,
        ["num_key_value_heads"] = KeyValueHeads,
        ["head_dim"] = HeadSize,
        ["vocab_size"] = VocabularySize,
        ["rms_norm_eps"] = NormEpsilon,
        ["rope_theta"] = RotaryBase,
        ["rope_scaling"] = null,
        ["tie_word_embeddings"] = TiedHead,
        ["max_position_embeddings"] = MaxPositions,
        ["bos_token_id"] = BosId,
        ["eos_token_id"] = EosIds.Count == 1 ? EosIds[0] : new JsonArray([.. EosIds.Select(id => (JsonNode)id)]),
        ["torch_dtype"] = "float32",
    };

    private void Check(string source)
    {
        if (QueryHeads % KeyValueHeads != 0)
        {
            throw new InputException($"{source}: num_attention_heads ({QueryHeads}) is not a multiple of num_key_value_heads ({KeyValueHeads})");
        }

        if (HeadSize % 2 != 0)
        {
            throw new InputException($"{source}: head_dim is {HeadSize}; rotary angles need an even head size");
        }
    }
}
