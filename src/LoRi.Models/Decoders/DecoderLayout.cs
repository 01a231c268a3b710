namespace LoRi.Models.Decoders;

/// <summary>One linear map inside a block: what the Hub calls it and what its parameters are.</summary>
/// <param name="Name">Module name of a single map; of several that are stored as one, a name of our own.</param>
/// <param name="Inputs">Number of inputs.</param>
/// <param name="Parts">The Hub's modules, in storage order, with their numbers of outputs.</param>
/// <param name="Bias">Whether there is a bias.</param>
/// <param name="InputFirst">Whether the matrix is stored [inputs, outputs].</param>
internal sealed record MapLayout(string Name, long Inputs, IReadOnlyList<(string Module, long Outputs)> Parts, bool Bias, bool InputFirst)
{
    /// <summary>Slot of the matrix.</summary>
    public string Matrix => Parts.Count == 1 ? Name + ".weight" : Name;

    /// <summary>Slot of the bias; there is one only where <see cref="Bias"/> says so.</summary>
    public string BiasName => Name + ".bias";

    internal IEnumerable<ParameterSlot> Slots()
    {
        var outputs = Parts.Sum(part => part.Outputs);
        yield return InputFirst
            ? new ParameterSlot(Matrix, [Inputs, outputs], true)
            : new ParameterSlot(Matrix, [outputs, Inputs], true, Named(".weight"));
        if (Bias)
        {
            yield return new ParameterSlot(BiasName, [outputs], false, Named(".bias"));
        }
    }

    private List<ParameterPart> Named(string kind)
    {
        var (named, start) = (new List<ParameterPart>(), 0L);
        foreach (var (module, outputs) in Parts)
        {
            named.Add(new ParameterPart(module + kind, start, outputs));
            start += outputs;
        }

        return named;
    }
}

/// <summary>Module names and maps of one block, in the order of computation.</summary>
internal sealed record BlockLayout(
    string AttentionNorm, MapLayout QueryKeyValue, string? QueryNorm, string? KeyNorm, MapLayout Output, string FeedForwardNorm,
    MapLayout Up, MapLayout Down)
{
    /// <summary>Every linear map.</summary>
    public IEnumerable<MapLayout> Maps => [QueryKeyValue, Output, Up, Down];
}

/// <summary>Where the parameters of a decoder are, and what the Hub calls them in each family.</summary>
internal static class DecoderLayout
{
    /// <summary>The output matrix of a model whose head is not the embedding table.</summary>
    public const string Head = "lm_head.weight";

    /// <summary>The table of learned positions.</summary>
    public const string Positions = "transformer.wpe.weight";

    /// <summary>The embedding table.</summary>
    public static string Embedding(DecoderConfig config) =>
        config.LearnedPositions ? "transformer.wte.weight" : "model.embed_tokens.weight";

    /// <summary>Module of the norm after the last block.</summary>
    public static string FinalNorm(DecoderConfig config) => config.LearnedPositions ? "transformer.ln_f" : "model.norm";

    /// <summary>The tables with one row a token: the embedding's and, where it is not the same, the head's.</summary>
    public static IEnumerable<string> Tables(DecoderConfig config) => config.TiedHead ? [Embedding(config)] : [Embedding(config), Head];

    /// <summary>What the names of a block's parameters begin with.</summary>
    public static string BlockName(DecoderConfig config, int layer) =>
        config.LearnedPositions ? $"transformer.h.{layer}." : $"model.layers.{layer}.";

    /// <summary>One block.</summary>
    public static BlockLayout Block(DecoderConfig config, int layer) =>
        config.LearnedPositions ? Gpt2Block(config, layer) : LlamaBlock(config, layer);

    /// <summary>All slots. <paramref name="extraRows"/> are added to the tables; neither they nor norms and biases are decayed.</summary>
    public static IEnumerable<ParameterSlot> Slots(DecoderConfig config, int extraRows)
    {
        long d = config.HiddenSize, rows = config.VocabularySize + extraRows;
        yield return new ParameterSlot(Embedding(config), [rows, d], false);
        if (config.LearnedPositions)
        {
            yield return new ParameterSlot(Positions, [config.MaxPositions, d], false);
        }

        foreach (var slot in Enumerable.Range(0, config.Layers).SelectMany(layer => BlockSlots(config, Block(config, layer))))
        {
            yield return slot;
        }

        foreach (var slot in Norm(FinalNorm(config), d, config.CenteredNorms))
        {
            yield return slot;
        }

        if (!config.TiedHead)
        {
            // As the table, it has rows of special tokens: no decay.
            yield return new ParameterSlot(Head, [rows, d], false);
        }
    }

    private static IEnumerable<ParameterSlot> BlockSlots(DecoderConfig config, BlockLayout block)
    {
        var headNorms = new[] { block.QueryNorm, block.KeyNorm }.OfType<string>().SelectMany(name => Norm(name, config.HeadSize, false));
        return
        [
            .. Norm(block.AttentionNorm, config.HiddenSize, config.CenteredNorms),
            .. block.QueryKeyValue.Slots(),
            .. headNorms,
            .. block.Output.Slots(),
            .. Norm(block.FeedForwardNorm, config.HiddenSize, config.CenteredNorms),
            .. block.Up.Slots(),
            .. block.Down.Slots(),
        ];
    }

    private static IEnumerable<ParameterSlot> Norm(string module, long size, bool bias) =>
        new[] { ".weight", ".bias" }.Take(bias ? 2 : 1).Select(kind => new ParameterSlot(module + kind, [size], false));

    private static BlockLayout LlamaBlock(DecoderConfig config, int layer)
    {
        long d = config.HiddenSize, q = (long)config.QueryHeads * config.HeadSize, kv = (long)config.KeyValueHeads * config.HeadSize;
        long f = config.IntermediateSize;
        string prefix = BlockName(config, layer), attention = prefix + "self_attn.", mlp = prefix + "mlp.";
        MapLayout Single(string name, long inputs, long outputs, bool bias) => new(name, inputs, [(name, outputs)], bias, false);
        return new BlockLayout(
            prefix + "input_layernorm",
            new MapLayout(
                attention + "qkv", d, [(attention + "q_proj", q), (attention + "k_proj", kv), (attention + "v_proj", kv)],
                config.QueryKeyValueBias, false),
            config.HeadNorms ? attention + "q_norm" : null,
            config.HeadNorms ? attention + "k_norm" : null,
            Single(attention + "o_proj", q, d, config.OutputBias),
            prefix + "post_attention_layernorm",
            new MapLayout(mlp + "gate_up", d, [(mlp + "gate_proj", f), (mlp + "up_proj", f)], config.FeedForwardBias, false),
            Single(mlp + "down_proj", f, d, config.FeedForwardBias));
    }

    private static BlockLayout Gpt2Block(DecoderConfig config, int layer)
    {
        long d = config.HiddenSize, f = config.IntermediateSize;
        var prefix = BlockName(config, layer);
        MapLayout Map(string name, long inputs, long outputs) => new(prefix + name, inputs, [(prefix + name, outputs)], true, true);
        return new BlockLayout(
            prefix + "ln_1", Map("attn.c_attn", d, 3 * d), null, null, Map("attn.c_proj", d, d), prefix + "ln_2", Map("mlp.c_fc", d, f),
            Map("mlp.c_proj", f, d));
    }
}
